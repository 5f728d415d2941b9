import HTTPTypes
import Hummingbird

/// Lets pages of other sites read answers, error answers among them (https://fetch.spec.whatwg.org,
/// section 3.2). Callers show tokens, never cookies, so credentials are not allowed.
struct CORSMiddleware: RouterMiddleware {
    private static let exposedFields =
        "ETag, Location, Retry-After, X-Request-Id, Idempotent-Replayed"
    private static let allowedFields = [
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
        "X-Request-Id", "traceparent",
    ].joined(separator: ", ")
    /// What other processes answer to is not known here; a method too many is refused there.
    private static let passedMethods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
    ]
    /// Ten minutes: a changed configuration is in force soon.
    private static let preflightSeconds = 600

    let origins: CORSOrigins
    let routes: RouteTable
    let passage: (any Passage)?

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let origin = request.headers[.origin].flatMap { origins.contains($0) ? $0 : nil }
        var response: Response
        if origin != nil, let preflight = preflight(of: request) {
            response = preflight
        } else {
            response = try await next(request, context)
        }
        response.headers.varyByOrigin()
        guard let origin else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposedFields
        return response
    }

    /// The answer to a browser that asks before it sends; `nil` for any other request, and where
    /// nothing is.
    private func preflight(of request: Request) -> Response? {
        guard request.method == .options,
            request.headers.contains(.accessControlRequestMethod), !request.hasBody
        else { return nil }
        let path = request.uri.path
        let methods =
            passage?.route(of: path) == nil ? routes.methods(at: path) : Self.passedMethods
        guard !methods.isEmpty else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods.sorted().joined(separator: ", "),
                .accessControlAllowHeaders: Self.allowedFields,
                .accessControlMaxAge: "\(Self.preflightSeconds)",
            ])
    }
}

extension Request {
    /// A preflight has none; one that has would have to be read away first.
    fileprivate var hasBody: Bool {
        if case .known(0) = declaredLength { return false }
        return true
    }
}

extension HTTPFields {
    /// Keeps caches from giving one site's answer to another.
    fileprivate mutating func varyByOrigin() {
        let names = self[values: .vary].flatMap { $0.split(separator: ",") }
            .map { $0.filter { !$0.isWhitespace }.lowercased() }
        guard !names.contains("origin"), !names.contains("*") else { return }
        append(HTTPField(name: .vary, value: "Origin"))
    }
}
