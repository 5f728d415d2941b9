import Crypto
import Events
import Foundation
public import HTTPTypes

extension WebResponse {
    /// A JSON body with the version of what it shows, or 304 for a client that has it already.
    ///
    /// Clients may keep it, and ask each time whether it still holds.
    ///
    /// - Throws: `EncodingError`.
    public static func json(
        _ value: some Encodable, version: Int64, unlessSeenBy request: WebRequest,
        headers: HTTPFields = [:]
    ) throws -> WebResponse {
        try json(value, version: version, headers: headers).unlessSeen(by: request)
    }

    /// A JSON body with an `ETag` of its bytes, or 304 for a client that has just these already.
    ///
    /// For lists and whatever else has no version. It saves the way, not the work.
    ///
    /// - Throws: `EncodingError`.
    public static func json(
        _ value: some Encodable, hashedUnlessSeenBy request: WebRequest, headers: HTTPFields = [:]
    ) throws -> WebResponse {
        var response = try json(value, headers: headers)
        response.headers[.eTag] = "\"\(response.bodyDigest)\""
        return response.unlessSeen(by: request)
    }

    /// A JSON body with an `ETag` of its version and its bytes, or 304 for a client that has just
    /// these already: for what has a version, and shows more than that counts.
    ///
    /// - Throws: `EncodingError`.
    public static func json(
        _ value: some Encodable, version: Int64, hashedUnlessSeenBy request: WebRequest,
        headers: HTTPFields = [:]
    ) throws -> WebResponse {
        var response = try json(value, headers: headers)
        response.headers[.eTag] = "\"v\(version)-\(response.bodyDigest)\""
        return response.unlessSeen(by: request)
    }

    /// 128 bits: nobody gains by two bodies of one tag but whoever writes both.
    private var bodyDigest: String {
        Data(SHA256.hash(data: body).prefix(16)).base64URLEncoded
    }

    /// What RFC 9110, section 13.1.2, has instead of this answer for a client that has it.
    private func unlessSeen(by request: WebRequest) -> WebResponse {
        var response = self
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache" }
        guard let tag = headers[.eTag], request.hasSeen(tag) else { return response }
        response.headers[.contentType] = nil
        response.status = .notModified
        response.body = Data()
        return response
    }
}

extension WebRequest {
    /// Whether `If-None-Match` names a tag, or any; compared weakly, as the method only reads.
    ///
    /// What is no list of tags names none: whoever sends it gets the whole answer.
    fileprivate func hasSeen(_ tag: String) -> Bool {
        guard method == .get || method == .head, let text = headers.joined(.ifNoneMatch) else {
            return false
        }
        return text == "*" || EntityTags(text)?.opaque.contains(tag) == true
    }
}
