public import Events
public import Foundation
public import HTTPTypes

/// A request as a module's handler sees it: authenticated, its body read, its size checked.
public struct WebRequest: Sendable {
    /// As the client sent it: a GET route sees HEAD too.
    public let method: HTTPRequest.Method
    /// The path without the query.
    public let path: String
    /// The route template that matched, `/api/v1/orders/{id}`.
    public let route: String
    /// The values of the template's placeholders, percent-decoded.
    public let parameters: [String: String]
    /// The query's values, percent-decoded; the last wins when a name is repeated.
    public let query: [String: String]
    /// All fields; names are compared without regard to case (RFC 9110, section 5.1).
    public let headers: HTTPFields
    /// The whole body, no longer than the server's limit; empty when there is none.
    public let body: Data
    /// `nil` only on routes that anyone may call.
    public let principal: Principal?
    /// `X-Request-Id`, taken from the client or made.
    public let requestID: String
    /// The client's address, for audit: the peer's, or what a trusted proxy says; `nil` when the
    /// transport has none.
    public let clientAddress: String?

    package init(
        method: HTTPRequest.Method, path: String, route: String, parameters: [String: String],
        query: [String: String], headers: HTTPFields, body: Data, principal: Principal?,
        requestID: String, clientAddress: String?
    ) {
        self.method = method
        self.path = path
        self.route = route
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
        self.principal = principal
        self.requestID = requestID
        self.clientAddress = clientAddress
    }

    /// Who makes the request.
    ///
    /// - Throws: ``Problem`` 401 on a route that anyone may call and nobody signed.
    public func caller() throws -> Principal {
        guard let principal else { throw Problem.unauthorized("no access token") }
        return principal
    }

    /// The id in the path.
    ///
    /// - Throws: ``Problem`` 404 when it is no UUID: such a thing does not exist.
    public func id<ID: Identifier>(_ name: String = "id", as type: ID.Type = ID.self) throws -> ID {
        guard let id = parameters[name].flatMap({ ID($0) }) else { throw Problem.notFound() }
        return id
    }

    /// A query parameter that must be there.
    ///
    /// - Throws: ``Problem`` 400 when it is missing or empty.
    public func requiredQuery(_ name: String) throws -> String {
        guard let value = query[name], !value.isEmpty else {
            throw Problem.badRequest("the query parameter \(name) is required")
        }
        return value
    }

    /// An instant among the query parameters, if it is there.
    ///
    /// - Throws: ``Problem`` 400 when it is not RFC 3339.
    public func queryDate(_ name: String) throws -> Date? {
        guard let text = query[name] else { return nil }
        guard let date = FlotillaJSON.date(rfc3339: text) else {
            throw Problem.badRequest("the query parameter \(name) is not an RFC 3339 time")
        }
        return date
    }

    /// Reads the body as a JSON object; every problem in it is found and told at once.
    ///
    /// - Throws: ``Problem`` 415, 400 or 422.
    public func decode<T>(_ read: (inout Fields) throws -> T) throws -> T {
        try requireJSON()
        var fields = try Fields(body: body)
        let value = try read(&fields)
        try fields.finish()
        return value
    }

    private func requireJSON() throws {
        let isPatch = method == .patch
        let allowed = ["application/json"] + (isPatch ? ["application/merge-patch+json"] : [])
        let mediaType = headers[.contentType]?.prefix { $0 != ";" }
            .trimmingCharacters(in: .whitespaces).lowercased()
        guard let mediaType, allowed.contains(mediaType) else {
            throw Problem(
                status: .unsupportedMediaType, code: "request.unsupported_media_type",
                detail: "the body must be \(allowed.joined(separator: " or "))",
                headers: isPatch ? [.acceptPatch: allowed.joined(separator: ", ")] : [:])
        }
    }
}
