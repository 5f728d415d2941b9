import ArgumentParser
import EventBus
import Events
import Foundation
import Logging
import Settings
import Web

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

    /// Works on databases that are there and up to date, beside a running server, and closes them.
    ///
    /// - Parameter consumers: those that it is about; none unless it is said, all when `nil`.
    /// - Throws: ``Complaint`` for what the operator asked for and can't have; what `body` throws.
    func withDatabases<T: Sendable>(
        consuming consumers: Set<String>? = [],
        _ body: @Sendable (Composition) async throws -> T
    ) async throws -> T {
        let composition = try compose(isCreating: false, consumers: consumers)
        try await composition.requireMigrated()
        try await composition.bus.mendRestoredLogs()
        do {
            let result = try await body(composition)
            await composition.close()
            return result
        } catch let refusal as any Refusal {
            await composition.close()
            throw Complaint(refusal.answer.detail)
        } catch {
            await composition.close()
            throw error
        }
    }

    /// The process put together, without a log on standard output.
    ///
    /// - Parameters:
    ///   - isCreating: whether it makes what is not there.
    ///   - consumers: those that it may run; all of its modules when `nil`.
    func compose(isCreating: Bool = true, consumers: Set<String>? = nil) throws -> Composition {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let (list, settings) = try load()
        return try Composition(
            list: list, settings: settings, isCreating: isCreating, consumers: consumers)
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
