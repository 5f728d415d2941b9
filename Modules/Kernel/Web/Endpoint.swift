import Events
import Foundation
import HTTPTypes
import Hummingbird
import Instrumentation
import NIOCore
import Telemetry

/// What stands between the middlewares and a module's handler: authentication, body, deadline.
struct Endpoint {
    let route: Route
    let settings: WebServer.Settings
    let verifier: AccessTokenVerifier

    func respond(to request: Request, context: WebContext) async throws -> Response {
        let principal = try await authorize(request)
        context.notes.userID = principal?.userID.description
        try requireAcceptance(request)
        context.notes.isBodyRead = true
        let body = try await BodyReader.read(
            request, byteCountMax: bodyByteCountMax, until: context.deadline)
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

    private var bodyByteCountMax: Int {
        min(settings.bodyByteCountMax, route.bodyByteCountMax ?? settings.bodyByteCountMax)
    }

    private func authorize(_ request: Request) async throws -> Principal? {
        guard route.access != .anyone else { return nil }
        guard let header = request.headers[.authorization] else {
            throw Problem.unauthorized("an access token is required")
        }
        // By bytes: a token is long, and telling characters apart takes longer than all else.
        let parts = header.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Problem.unauthorized("the Authorization header must be a bearer token")
        }
        let principal = try await verifier.verify(parts[1])
        switch route.access {
        case .anyone:
            break
        case .authenticated:
            if principal.kind == .service { throw Problem.userRequired }
        case .permission(let permission):
            guard principal.holds(permission) else {
                throw Problem.forbidden(permission: permission)
            }
        }
        return principal
    }

    /// The API speaks JSON alone; whoever can't read it is told before anything is done.
    private func requireAcceptance(_ request: Request) throws {
        guard route.path.hasPrefix("/api/"),
            !AcceptedTypes(request.headers[values: .accept]).includesJSON
        else { return }
        throw Problem(
            status: .notAcceptable, code: "request.not_acceptable",
            detail: "the answer is application/json or application/problem+json")
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
        try await TimeLimit.until(
            deadline,
            orThrow: Problem.unavailable(
                "the request took longer than it may", retryAfterSeconds: 1), name: "handler"
        ) {
            try await route.handle(request)
        }
    }

    private static func decoded(_ value: Substring) -> String {
        guard value.utf8.contains(UInt8(ascii: "%")) else { return String(value) }
        return value.removingPercentEncoding ?? String(value)
    }
}
