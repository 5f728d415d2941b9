import ArgumentParser
import EventBus
import Foundation
import NIOCore
import Settings
import Storage
import Telemetry

/// `flotilla serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the system, or some of its modules, over HTTP.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Port to listen on; 0 takes a free one (default: 8080).")
    var port: String?

    func run() async throws {
        let startedAt = ContinuousClock.now
        let (list, settings) = try common.load(flags: port.map { ["http.port": $0] } ?? [:])
        let telemetry = Telemetry.bootstrap(
            TelemetrySettings(
                serviceName: settings[AppSettings.serviceName], version: Version.current,
                environment: settings[AppSettings.environment].rawValue,
                logLevel: settings[AppSettings.logLevel].level,
                logFormat: settings[AppSettings.logFormat] ?? .forStandardOutput))
        defer { telemetry.flush() }
        let composition = try Composition(list: list, settings: settings)
        try await composition.migrate()
        try await composition.bus.mendRestoredLogs()
        let server = Server(
            composition: composition, telemetry: telemetry, startedAt: startedAt)
        do {
            try await server.run()
        } catch {
            await composition.close()
            guard let error = error as? IOError, error.errnoCode == EADDRINUSE else { throw error }
            throw Complaint("can't listen: \(server.addresses) is taken by another program")
        }
        await composition.close()
    }
}
