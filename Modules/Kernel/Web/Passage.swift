package import HTTPTypes
package import Hummingbird

/// Answers requests that are another process's, with bodies as streams: what a gateway does.
package protocol Passage: Sendable {
    /// The template of a path that belongs to another process, its label in metrics and logs;
    /// `nil` when the path does not.
    func route(of path: String) -> String?

    /// Passes a request on.
    ///
    /// - Throws: ``Problem``; ``UnreadBody`` when the client's connection must not be used again.
    func respond(to request: PassedRequest) async throws -> Response
}

/// A request on its way to another process: its body is not read yet, its caller not checked.
package struct PassedRequest: Sendable {
    /// Method, target and fields as the client sent them.
    package let head: HTTPRequest
    /// The path without the query.
    package let path: String
    /// What ``Passage/route(of:)`` said.
    package let route: String
    /// Taken from the client or made; goes along.
    package let requestID: String
    /// Who makes the request, as far as trusted proxies tell.
    package let clientAddress: String?
    /// The other end of the connection.
    package let peerAddress: String?
    /// Whether the other end is a proxy whose word about the client is taken.
    package let isPeerTrusted: Bool
    /// The length that the head declares; `nil` when the body says itself where it ends.
    package let bodyByteCount: Int?
    /// The body as it comes in; it can be read once.
    package var body: RequestBody {
        notes.isBodyRead = true
        return request.body
    }
    private let request: Request
    private let notes: RequestNotes

    init(_ request: Request, route: String, context: WebContext, isPeerTrusted: Bool) {
        head = request.head
        path = request.uri.path
        self.route = route
        requestID = context.requestID
        clientAddress = context.clientAddress
        peerAddress = context.peerAddress
        self.isPeerTrusted = isPeerTrusted
        bodyByteCount =
            switch request.declaredLength {
            case .known(let byteCount): byteCount
            case .chunked: nil
            }
        self.request = request
        notes = context.notes
    }
}

/// A problem that left a body half read: after the answer the connection is closed.
package struct UnreadBody: Error {
    let problem: Problem

    package init(_ problem: Problem) { self.problem = problem }
}

/// The innermost layer of a gateway: before the process's own routes come those of others.
struct PassageMiddleware: RouterMiddleware {
    let passage: any Passage
    let trustedProxies: TrustedProxies

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let route = passage.route(of: request.uri.path) else {
            return try await next(request, context)
        }
        context.notes.route = route
        let response = try await passage.respond(
            to: PassedRequest(
                request, route: route, context: context,
                isPeerTrusted: trustedProxies.contains(context.peerAddress)))
        // From here on it is the other process's answer, not ours.
        context.notes.isPassedOn = true
        return response
    }
}
