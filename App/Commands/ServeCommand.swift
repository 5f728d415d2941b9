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
        guard try !ModuleList.runsGateway(settings) else {
            let gateway = GatewayServer(
                settings: settings, telemetry: telemetry, startedAt: startedAt)
            return try await listening(settings) { try await gateway.run() }
        }
        let composition = try Composition(list: list, settings: settings)
        try await composition.migrate()
        try await composition.bus.mendRestoredLogs()
        let server = Server(
            composition: composition, telemetry: telemetry, startedAt: startedAt)
        do {
            try await listening(settings) { try await server.run() }
        } catch {
            await composition.close()
            throw error
        }
        await composition.close()
    }

    /// - Throws: ``Complaint`` when the address is taken; what `run` throws.
    private func listening(_ settings: Settings, _ run: () async throws -> Void) async throws {
        do {
            try await run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Complaint(
                "can't listen: \(Server.addresses(settings)) is taken by another program")
        }
    }
}
