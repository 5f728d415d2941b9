import ArgumentParser
import Settings

/// `flotilla config`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every configuration key with its meaning, default and allowed values.")

    func run() throws { print(try ModuleList().catalogue.documentation(), terminator: "") }
}
