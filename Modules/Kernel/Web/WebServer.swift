package import Hummingbird
import HummingbirdCore
import Logging
public import ServiceLifecycle

/// The HTTP face of a process: the routes of its modules behind one stack of middlewares.
public struct WebServer: Service {
    /// Limits and address.
    public struct Settings: Sendable {
        /// Address or name to listen on; the default is reachable from this machine only.
        public var host = "127.0.0.1"
        /// 0 takes a free port.
        public var port = 8_080
        /// Bytes of a request's body.
        public var bodyByteCountMax = 1_024 * 1_024
        /// From a request's head to its answer.
        public var requestTimeout = Duration.seconds(30)
        /// Whose `X-Forwarded-For` is believed.
        public var trustedProxies = TrustedProxies.none
        /// Longer than the 60 s that clients and gateways commonly keep idle connections, so that
        /// the server is not the one to close first.
        public var idleTimeout = Duration.seconds(75)
        /// How long browsers come by TLS alone; zero tells them nothing of it.
        public var hstsMaxAge = Duration.zero
        /// Whose pages may read the answers.
        public var corsOrigins = CORSOrigins.none

        /// The defaults.
        public init() {}
    }

    private let settings: Settings
    private let responder: RouterResponder<WebContext>
    private let listening: @Sendable (Int) async -> Void

    /// Builds the routes.
    ///
    /// - Parameters:
    ///   - verifier: checks bearer tokens.
    ///   - listening: called with the port once connections are accepted.
    public init(
        routes: [Route], settings: Settings, verifier: AccessTokenVerifier,
        listening: @escaping @Sendable (Int) async -> Void
    ) {
        self.settings = settings
        self.listening = listening
        responder = Self.responder(routes: routes, settings: settings, verifier: verifier)
    }

    /// Builds a gateway: the paths of other processes, and few routes of its own, open to anyone.
    ///
    /// - Parameters:
    ///   - passage: reaches the other processes.
    ///   - listening: called with the port once connections are accepted.
    package init(
        passage: any Passage, routes: [Route], settings: Settings,
        listening: @escaping @Sendable (Int) async -> Void
    ) async throws {
        self.settings = settings
        self.listening = listening
        responder = Self.responder(
            routes: routes, settings: settings,
            verifier: try await AccessTokenVerifier(keys: [], issuer: "", audience: ""),
            passage: passage)
    }

    /// Serves until graceful shutdown: then no connection is accepted, requests in hand finish.
    public func run() async throws {
        var logger = Logger(label: "flotilla.http")
        // Its own start message names no module and repeats ours.
        logger.logLevel = max(logger.logLevel, .notice)
        let listening = listening
        let app = Application(
            responder: responder,
            server: HTTPServerBuilder { [settings] responder in
                ConnectionChannel(
                    HTTP1Channel(
                        responder: responder,
                        configuration: .init(
                            idleTimeout: .seconds(settings.idleTimeout.components.seconds),
                            httpDecoderConfiguration: .init(
                                maxHeaderFieldSize: 16 * 1_024, maxHeaderListSize: 32 * 1_024,
                                maxHeaderFieldCount: 100))))
            },
            configuration: .init(
                address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { channel in
                await listening(channel.localAddress?.port ?? 0)
            },
            logger: logger)
        try await app.run()
    }

    /// The whole stack without a socket, for the server and for tests of modules.
    package static func responder(
        routes: [Route], settings: Settings, verifier: AccessTokenVerifier,
        passage: (any Passage)? = nil
    ) -> RouterResponder<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.middlewares.add(
            ObservationMiddleware(
                timeout: settings.requestTimeout, trustedProxies: settings.trustedProxies))
        router.middlewares.add(SharedHeadersMiddleware(hstsMaxAge: settings.hstsMaxAge))
        let table = RouteTable(routes)
        if !settings.corsOrigins.isEmpty {
            router.middlewares.add(
                CORSMiddleware(origins: settings.corsOrigins, routes: table, passage: passage))
        }
        router.middlewares.add(ProblemMiddleware(routes: table))
        if let passage {
            router.middlewares.add(
                PassageMiddleware(passage: passage, trustedProxies: settings.trustedProxies))
        }
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await Endpoint(route: route, settings: settings, verifier: verifier)
                    .respond(to: request, context: context)
            }
        }
        return router.buildResponder()
    }
}
