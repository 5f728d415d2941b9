import Events
import Foundation
import HTTPTypes
package import Hummingbird
import Instrumentation
import Logging
import NIOCore
public import ServiceLifecycle
import Telemetry

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
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(settings.idleTimeout.components.seconds),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 * 1_024, maxHeaderListSize: 32 * 1_024,
                        maxHeaderFieldCount: 100))),
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
        router.middlewares.add(ProblemMiddleware(routes: RouteTable(routes)))
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

/// What stands between the middlewares and a module's handler: authentication, body, deadline.
private struct Endpoint {
    let route: Route
    let settings: WebServer.Settings
    let verifier: AccessTokenVerifier

    func respond(to request: Request, context: WebContext) async throws -> Response {
        let principal = try await authorize(request)
        context.notes.userID = principal?.userID.description
        context.notes.isBodyRead = true
        let body = try await BodyReader.read(
            request, byteCountMax: settings.bodyByteCountMax, until: context.deadline)
        let webRequest = WebRequest(
            method: request.method, path: request.uri.path, route: route.path,
            parameters: Dictionary(
                context.parameters.map { (String($0.key), Self.decoded($0.value)) }
            ) { _, last in last },
            query: Dictionary(
                request.uri.queryParameters.map { (String($0.key), String($0.value)) }
            ) { _, last in last },
            headers: request.headers, body: body, principal: principal,
            requestID: context.requestID, clientAddress: context.clientAddress)
        let response = try await withUser(principal) {
            try await handle(webRequest, until: context.deadline)
        }
        return Response(
            status: response.status, headers: response.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
    }

    private func authorize(_ request: Request) async throws -> Principal? {
        guard route.access != .anyone else { return nil }
        guard let header = request.headers[.authorization] else {
            throw Problem.unauthorized("an access token is required")
        }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Problem.unauthorized("the Authorization header must be a bearer token")
        }
        let principal = try await verifier.verify(String(parts[1]))
        if case .permission(let permission) = route.access, !principal.holds(permission) {
            throw Problem.forbidden(permission: permission)
        }
        return principal
    }

    /// Logs and events below carry the caller's id.
    private func withUser<T>(
        _ principal: Principal?, _ body: () async throws -> T
    ) async rethrows -> T {
        guard let principal else { return try await body() }
        var context = InstrumentationContext.current ?? .topLevel
        context.userID = principal.userID.description
        return try await InstrumentationContext.withValue(context) { try await body() }
    }

    private func handle(
        _ request: WebRequest, until deadline: ContinuousClock.Instant
    ) async throws -> WebResponse {
        try await withThrowingTaskGroup(of: WebResponse.self) { group in
            group.addTask(name: "handler") { try await route.handle(request) }
            group.addTask(name: "deadline") {
                try await Task.sleep(until: deadline, clock: .continuous)
                throw Problem.unavailable(
                    "the request took longer than it may", retryAfterSeconds: 1)
            }
            defer { group.cancelAll() }
            guard let response = try await group.next() else { throw CancellationError() }
            return response
        }
    }

    private static func decoded(_ value: Substring) -> String {
        value.removingPercentEncoding ?? String(value)
    }
}
