import Foundation
import HTTPTypes

/// Which version of a thing a change is for: what `If-Match` says (RFC 9110, section 13.1.1).
///
/// ```swift
/// let condition = try request.ifMatch()
/// …
/// if let condition, !condition.admits(profile.version) { throw Problem.versionMismatch }
/// ```
public struct VersionCondition: Sendable, Hashable {
    private let tags: Set<String>

    /// Whether the thing, as it is now, is one that the client saw: in whichever of its forms, for
    /// one that has several tags them `"v7-…"`.
    public func admits(_ version: Int64) -> Bool {
        tags.contains(Self.tag(of: version)) || tags.contains { $0.hasPrefix("\"v\(version)-") }
    }

    /// The `ETag` of a version: `"v7"`.
    static func tag(of version: Int64) -> String { "\"v\(version)\"" }

    /// Reads `"v7", "v8"`; `nil` when it is no list of strong tags.
    ///
    /// Tags that were never given out are read too: they fit no version.
    init?(_ text: String) {
        var rest = text.utf8[...]
        var tags: Set<String> = []
        while true {
            rest = rest.drop(while: Self.isBlank)
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            // A tag may have a comma within.
            let inner = rest.dropFirst().prefix(while: Self.isTagCharacter)
            guard inner.endIndex < rest.endIndex, rest[inner.endIndex] == UInt8(ascii: "\"") else {
                return nil
            }
            tags.insert("\"\(Substring(inner))\"")
            rest = rest[rest.index(after: inner.endIndex)...].drop(while: Self.isBlank)
            guard let separator = rest.popFirst() else { break }
            guard separator == UInt8(ascii: ",") else { return nil }
        }
        self.tags = tags
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func isTagCharacter(_ byte: UInt8) -> Bool {
        byte == 0x21 || (0x23...0x7E).contains(byte) || byte >= 0x80
    }
}

extension WebRequest {
    /// The version that a change is for; `nil` when the client does not say, or says `*`: any.
    ///
    /// - Throws: ``Problem`` 400 for what is no list of strong tags.
    public func ifMatch() throws -> VersionCondition? {
        let text = headers[values: .ifMatch].joined(separator: ", ")
            .trimmingCharacters(in: .whitespaces)
        guard headers.contains(.ifMatch), text != "*" else { return nil }
        guard let condition = VersionCondition(text) else {
            throw Problem.badRequest("If-Match must be * or ETags as they were answered: \"v7\"")
        }
        return condition
    }
}
