import Crypto
import Foundation
import HTTPTypes
import Web

extension WebResponse {
    /// The same answer, which says in which languages it is and that others may be had.
    func speaking(_ languages: Set<LanguageTag>, or house: LanguageTag) -> WebResponse {
        var response = self
        let named = languages.isEmpty ? [house] : languages.sorted()
        response.headers[.contentLanguage] = named.map(\.description).joined(separator: ", ")
        response.headers.append(HTTPField(name: .vary, value: "Accept-Language"))
        return response
    }

    /// The same answer with a tag of its bytes, or 304 without them when the client has just these
    /// (RFC 9110, section 13.1.2).
    ///
    /// - Parameter prefix: what stands before the digest: the version, for `If-Match`.
    func tagged(_ prefix: String = "", for request: WebRequest) -> WebResponse {
        let digest = SHA256.hash(data: body).prefix(12).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 2 ? digits : "0\(digits)"
        }.joined()
        let tag = "\"\(prefix)\(digest)\""
        var response = self
        response.headers[.eTag] = tag
        // Stock moves: a copy is good as long as it is asked about.
        response.headers[.cacheControl] = "no-cache"
        let known = request.headers[values: .ifNoneMatch].joined(separator: ",")
            .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
        guard known.contains(tag) || known == ["*"] else { return response }
        response.status = .notModified
        response.body = Data()
        response.headers[.contentType] = nil
        return response
    }
}
