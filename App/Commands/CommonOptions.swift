import ArgumentParser
import Events
import Foundation
import Logging
import Settings

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: "Configuration file (YAML). Every key: config/monolith.yaml.")
    var config: String?

    @Option(help: "Modules of this process, separated by commas (default: all).")
    var modules: String?

    /// Reads the configuration.
    ///
    /// - Throws: `SettingsError` with all problems; `RegistryError`.
    func load(flags: [String: String] = [:]) throws -> (ModuleList, Settings) {
        let list = try ModuleList()
        var flags = flags
        if let modules { flags["modules"] = modules }
        let settings = try Settings.load(
            file: config, flags: flags, environment: ProcessInfo.processInfo.environment,
            catalogue: list.catalogue)
        return (list, settings)
    }

    /// The process put together, without a log on standard output.
    ///
    /// - Parameter isCreating: whether it makes what is not there.
    func compose(isCreating: Bool = true) throws -> Composition {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let (list, settings) = try load()
        return try Composition(list: list, settings: settings, isCreating: isCreating)
    }
}

/// Prints a value as one JSON document.
func printJSON(_ value: some Encodable) throws {
    let encoder = FlotillaJSON.encoder()
    encoder.outputFormatting.insert(.prettyPrinted)
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// The JSON form of a list.
struct Items<Item: Encodable>: Encodable {
    let items: [Item]
}
