import Gateway
import Logging
import ServiceLifecycle
import Settings
import Telemetry
import Web

/// Everything that runs in a gateway process: no database, no bus, no key.
struct GatewayServer: Sendable {
    let settings: Settings
    let telemetry: Telemetry
    let startedAt: ContinuousClock.Instant

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Throws: what a service failed with, as an address that is taken.
    func run() async throws {
        let gatewaySettings = Self.gatewaySettings(settings)
        for module in gatewaySettings.missing(of: ModuleList.names) {
            Logger(label: "flotilla.gateway").warning(
                "no upstream", metadata: ["module": "gateway", "gateway.module": "\(module)"])
        }
        let gateway = Gateway(
            settings: gatewaySettings, routes: try ModuleList.gatewayRoutes(),
            modules: ModuleList.names)
        let group = ServiceGroup(
            configuration: Server.configuration(
                services: gateway.services + (try await webServers(gateway))
                    + [
                        Drain(delay: settings[AppSettings.drainDelay]) { gateway.drain() }
                    ]))
        try await group.run()
    }

    /// The gateway's part of the configuration.
    static func gatewaySettings(_ settings: Settings) -> GatewaySettings {
        GatewaySettings(
            settings, modules: ModuleList.names, bodyByteCountMax: settings[AppSettings.bodyLimit])
    }

    private func webServers(_ gateway: Gateway) async throws -> [any Service] {
        let web = Server.webSettings(settings)
        let own = gateway.routes + [Server.metricsRoute(telemetry)]
        let management = settings[AppSettings.managementPort]
        guard management != 0 else {
            return [try await listener(gateway, routes: own, web, name: "http")]
        }
        var managementWeb = web
        managementWeb.port = management
        return [
            WebServer(
                routes: own, settings: managementWeb,
                verifier: try await AccessTokenVerifier(keys: [], issuer: "", audience: ""),
                listening: Server.announcement(
                    of: "management", at: managementWeb.host, since: startedAt)),
            try await listener(gateway, routes: [], web, name: "http"),
        ]
    }

    private func listener(
        _ gateway: Gateway, routes: [Route], _ web: WebServer.Settings, name: String
    ) async throws -> WebServer {
        try await WebServer(
            passage: gateway, routes: routes, settings: web,
            listening: Server.announcement(of: name, at: web.host, since: startedAt))
    }
}
