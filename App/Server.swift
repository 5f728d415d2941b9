import EventBus
import Events
import Foundation
import HTTPTypes
import Logging
import Platform
import ServiceLifecycle
import Settings
import Telemetry
import UnixSignals
import Web

/// Everything that runs in a serving process, in the order of its start.
struct Server: Sendable {
    /// Work in hand is given this long after SIGTERM; with what follows it stays below 10 s.
    private static let shutdownDurationMax = Duration.seconds(8)

    let composition: Composition
    let telemetry: Telemetry
    let startedAt: ContinuousClock.Instant

    /// Serves until SIGTERM or SIGINT. Shutdown goes backwards: readiness says no, the listener
    /// closes and requests finish, then the bus finishes the work in hand, then the modules.
    ///
    /// - Throws: what a service failed with, as an address that is taken.
    func run() async throws {
        let health = Health(composition)
        let verifier = try await composition.tokenKeys.verifier(
            composition.settings, endedAccess: composition.endedAccess)
        describeMetrics()
        let feed = composition.endedAccessFeed
        await feed.look()
        let group = ServiceGroup(
            configuration: Self.configuration(
                services: composition.tokenKeys.services
                    + composition.modules.flatMap(\.services)
                    + [composition.bus, feed]
                    + webServers(health: health, verifier: verifier)
                    + [
                        Drain(delay: composition.settings[AppSettings.drainDelay]) {
                            health.drain()
                        }
                    ]))
        try await group.run()
    }

    /// Where a process listens, for people.
    static func addresses(_ settings: Settings) -> String {
        let ports = [settings[AppSettings.port], settings[AppSettings.managementPort]]
            .filter { $0 != 0 }.map(String.init)
        return "\(settings[AppSettings.host]):\(ports.joined(separator: " or "))"
    }

    static func configuration(services: [any Service]) -> ServiceGroupConfiguration {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "flotilla.lifecycle"))
        configuration.maximumGracefulShutdownDuration = shutdownDurationMax
        configuration.maximumCancellationDuration = .seconds(1)
        return configuration
    }

    private func webServers(
        health: Health, verifier: AccessTokenVerifier
    ) -> [any Service] {
        let settings = composition.settings
        let web = Self.webSettings(settings)
        let management = health.routes + [Self.metricsRoute(telemetry)]
        let api = composition.modules.flatMap(\.routes) + AdminRoutes(composition: composition).all
        guard settings[AppSettings.managementPort] != 0 else {
            return [server(api + management, settings: web, verifier: verifier, name: "http")]
        }
        var managementWeb = web
        managementWeb.port = settings[AppSettings.managementPort]
        return [
            server(management, settings: managementWeb, verifier: verifier, name: "management"),
            server(api, settings: web, verifier: verifier, name: "http"),
        ]
    }

    private func server(
        _ routes: [Route], settings: WebServer.Settings, verifier: AccessTokenVerifier,
        name: String
    ) -> WebServer {
        WebServer(
            routes: routes, settings: settings, verifier: verifier,
            listening: Self.announcement(of: name, at: settings.host, since: startedAt))
    }

    /// What is logged when a listener accepts connections.
    static func announcement(
        of name: String, at host: String, since startedAt: ContinuousClock.Instant
    ) -> @Sendable (Int) async -> Void {
        { port in
            let elapsed = (ContinuousClock.now - startedAt) / .milliseconds(1)
            Logger(label: "flotilla.app").info(
                "listening",
                metadata: [
                    "module": "app", "server.name": "\(name)",
                    "server.url": "http://\(host):\(port)",
                    "startup_ms": "\(Int(elapsed.rounded()))",
                ])
        }
    }

    /// How a process listens.
    static func webSettings(_ settings: Settings) -> WebServer.Settings {
        var web = WebServer.Settings()
        web.host = settings[AppSettings.host]
        web.port = settings[AppSettings.port]
        web.requestTimeout = settings[AppSettings.requestTimeout]
        web.bodyByteCountMax = settings[AppSettings.bodyLimit]
        web.trustedProxies = settings[AppSettings.trustedProxies]
        web.hstsMaxAge = settings[AppSettings.hstsMaxAge]
        web.corsOrigins = settings[AppSettings.corsOrigins]
        return web
    }

    static func metricsRoute(_ telemetry: Telemetry) -> Route {
        let registry = telemetry.registry
        return .get("/metrics", access: .anyone) { _ in
            WebResponse(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: Data(await registry.render().utf8))
        }
    }

    private func describeMetrics() {
        let bus = composition.bus
        telemetry.registry.onCollect {
            do {
                try await bus.recordBacklog()
            } catch {
                Logger(label: "flotilla.app").warning(
                    "backlog can't be measured", error: error, metadata: ["module": "app"])
            }
        }
    }
}

/// The last to start and the first to end: tells the load balancer before the listener closes.
struct Drain: Service {
    let delay: Duration
    let begin: @Sendable () -> Void

    func run() async throws {
        try? await gracefulShutdown()
        Logger(label: "flotilla.app").info("stopping", metadata: ["module": "app"])
        begin()
        try? await Task.sleep(for: delay)
    }
}
