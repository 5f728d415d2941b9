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
        guard let tags = EntityTags(text), !tags.isAnyWeak else { return nil }
        self.tags = tags.opaque
    }
}

extension WebRequest {
    /// The version that a change is for; `nil` when the client does not say, or says `*`: any.
    ///
    /// - Throws: ``Problem`` 400 for what is no list of strong tags.
    public func ifMatch() throws -> VersionCondition? {
        guard let text = headers.joined(.ifMatch), text != "*" else { return nil }
        guard let condition = VersionCondition(text) else {
            throw Problem.badRequest("If-Match must be * or ETags as they were answered: \"v7\"")
        }
        return condition
    }

    /// The version that a change is for, where a client must say it; `nil` for `*`: any.
    ///
    /// - Throws: ``Problem`` 428 when it does not, 400 for what is no list of strong tags.
    public func requiredIfMatch() throws -> VersionCondition? {
        guard headers.contains(.ifMatch) else { throw Problem.versionRequired }
        return try ifMatch()
    }
}

extension HTTPFields {
    /// All values of a field as one list; `nil` when it is not there.
    func joined(_ name: HTTPField.Name) -> String? {
        guard contains(name) else { return nil }
        return self[values: name].joined(separator: ", ").trimmingCharacters(in: .whitespaces)
    }
}
