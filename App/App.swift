import ArgumentParser
import Foundation
import Settings

/// The command line.
@main
struct Flotilla: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla",
        abstract: "A commerce backend: one process that splits into services by configuration.",
        subcommands: [
            ServeCommand.self, MigrateCommand.self, CheckCommand.self, AdminCommand.self,
            SeedCommand.self, ProductsCommand.self, ReconcileCommand.self, EventsCommand.self,
            DeadLettersCommand.self, ConsumersCommand.self, CutoverCommand.self,
            ConfigCommand.self, VersionCommand.self,
        ])

    /// Runs a command; whatever a caller did wrong is one line on standard error and exit code 2.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch let error as Complaint {
            fail(error.lines, code: 2)
        } catch let error as SettingsError {
            fail(error.problems, code: 2)
        } catch let code as ExitCode {
            // The command has said all that there is to say.
            Foundation.exit(code.rawValue)
        } catch let error where exitCode(for: error) == .success {
            print(message(for: error))
        } catch {
            let isUsage = exitCode(for: error) == .validationFailure
            let text = message(for: error)
            fail([isUsage ? text.replacing("\n", with: " ") : text], code: isUsage ? 2 : 1)
        }
    }

    private static func fail(_ lines: [String], code: Int32) -> Never {
        for line in lines {
            FileHandle.standardError.write(Data("flotilla: \(line)\n".utf8))
        }
        Foundation.exit(code)
    }
}

/// What the caller of a command must mend, a line each.
struct Complaint: Error {
    let lines: [String]

    init(_ lines: [String]) { self.lines = lines }
    init(_ line: String) { lines = [line] }

    /// A name of a module that is none.
    static func noModule(_ name: String, of place: String, among names: [String]) -> Complaint {
        Complaint(
            "\(place): there is no module \(name); there are \(names.joined(separator: ", "))")
    }
}
