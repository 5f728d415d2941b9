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
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "no-referrer"
        // Pages say what they need themselves.
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] =
                "default-src 'none'; frame-ancestors 'none'"
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }
}
