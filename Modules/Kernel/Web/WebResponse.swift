import Events
public import Foundation
public import HTTPTypes

/// What a module's handler answers.
public struct WebResponse: Sendable {
    /// The status; refusals are thrown, not answered.
    public var status: HTTPResponse.Status
    /// The handler's own fields; the middlewares add theirs.
    public var headers: HTTPFields
    /// The bytes as they are sent; empty for none.
    public var body: Data

    /// Puts an answer together.
    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON body.
    ///
    /// - Throws: `EncodingError`.
    public static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> WebResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return WebResponse(
            status: status, headers: headers, body: try FlotillaJSON.encode(value))
    }

    /// A JSON body with the version of what it shows, for the next change's `If-Match`.
    ///
    /// - Throws: `EncodingError`.
    public static func json(
        _ value: some Encodable, version: Int64, status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) throws -> WebResponse {
        var headers = headers
        headers[.eTag] = VersionCondition.tag(of: version)
        return try json(value, status: status, headers: headers)
    }

    /// 201 with the new resource and its place.
    ///
    /// - Throws: `EncodingError`.
    public static func created(_ value: some Encodable, at location: String) throws -> WebResponse {
        try json(value, status: .created, headers: [.location: location])
    }

    /// 204.
    public static let noContent = WebResponse(status: .noContent)
}
