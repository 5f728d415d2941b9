import ArgumentParser
import EventBus
import Foundation
import Gateway
import Kafka
import Logging
import Platform
import Settings
import Storage

/// `flotilla check`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate the configuration and reach every component that it names.",
        discussion: "Tells all problems at once, and makes nothing that is not there.")

    /// A component that takes longer is as good as away.
    private static let timeout = Duration.seconds(10)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let (list, settings) = try common.load()
        guard try !ModuleList.runsGateway(settings) else {
            let checks = Gateway.checks(
                GatewayServer.gatewaySettings(settings), modules: ModuleList.names)
            return try await run(checks)
        }
        let keys = Result { try Composition.tokenKeys(settings, isCreating: false) }
        var checks = (try? keys.get())?.checks ?? []
        if checks.isEmpty { checks.append(Check("auth.signingKey") { _ = try keys.get() }) }
        for type in try ModuleList.selected(by: settings) {
            let url = settings.storageURL(ofModule: type.name)
            checks.append(database(of: type, at: url))
            checks += try type.init(settings: settings, platform: .describing(type.name)).checks
        }
        if let broker = try Composition.broker(settings, list.registry) {
            checks.append(Check("bus.kafka") { try await broker.check() })
        }
        try await run(checks)
    }

    private func run(_ checks: [Check]) async throws {
        var problems: [String] = []
        for check in checks {
            do {
                try await check.run(within: Self.timeout)
                print("ok    \(check.name)")
            } catch let complaint as Complaint {
                problems += complaint.lines
            } catch {
                problems.append("\(check.name): \(error)")
            }
        }
        guard problems.isEmpty else { throw Complaint(problems) }
    }

    /// A database that is there can be written and fits this program; one that is not can be made.
    private func database(of type: any Module.Type, at url: StorageURL) -> Check {
        let (name, sets) = (type.name, [Bus.migrations] + type.migrations)
        return Check("database.\(name)") {
            guard Database.exists(module: name, at: url) else {
                guard url.canBeMade else { throw Complaint("database.\(name): can't be made") }
                return
            }
            let database = try Database(module: name, at: url)
            for set in sets { _ = try await database.migrationStatus(of: set) }
            try await database.write { _ in }
            await database.close()
        }
    }
}

extension StorageURL {
    /// Whether databases can be made where there are none: the nearest directory that exists can
    /// be written.
    fileprivate var canBeMade: Bool {
        switch self {
        case .sqlite(let directory):
            var place = URL(filePath: directory).standardizedFileURL
            while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
                place.deleteLastPathComponent()
            }
            return access(place.path, W_OK | X_OK) == 0
        case .postgres:
            return true
        }
    }
}
