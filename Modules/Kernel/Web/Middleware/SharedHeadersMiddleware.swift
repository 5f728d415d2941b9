import HTTPTypes
import Hummingbird

/// Sets the fields that all answers share, whichever layer within gives them.
struct SharedHeadersMiddleware: RouterMiddleware {
    /// RFC 6797, section 6.1; `nil` when nothing is said of TLS.
    private let transportSecurity: String?

    init(hstsMaxAge: Duration) {
        let seconds = hstsMaxAge.components.seconds
        transportSecurity = seconds > 0 ? "max-age=\(seconds); includeSubDomains" : nil
    }

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if let transportSecurity {
            response.headers[.strictTransportSecurity] = transportSecurity
        }
        guard !context.notes.isPassedOn else { return response }
        for field in Self.fixed { response.headers[field.name] = field.value }
        for field in Self.defaults where !response.headers.contains(field.name) {
            response.headers.append(field)
        }
        return response
    }

    /// What every answer says.
    private static let fixed: [HTTPField] = [
        HTTPField(name: .xContentTypeOptions, value: "nosniff"),
        HTTPField(name: .referrerPolicy, value: "no-referrer"),
    ]

    /// What an answer says unless it says something else itself, as pages do.
    private static let defaults: [HTTPField] = [
        HTTPField(
            name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"),
        HTTPField(name: .cacheControl, value: "no-store"),
    ]
}
