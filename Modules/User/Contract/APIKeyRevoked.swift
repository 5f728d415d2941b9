public import Events
public import Foundation

/// A service's key is worth nothing any more.
///
/// - Source: `APIKeys.revoke(_:by:)`, in the transaction that marks it.
/// - Heard by: `<module>.ended-access` of each module that answers callers; `audit.trail`.
public struct APIKeyRevoked: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ApiKeyRevokedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// The key.
    public let keyID: APIKeyID
    /// The user or key that took it.
    public let revokedBy: String
    /// UTC.
    public let revokedAt: Date

    /// The key, so that everything about one key keeps its sequence.
    public var key: String { keyID.description }

    /// Puts the fact together.
    public init(keyID: APIKeyID, revokedBy: String, revokedAt: Date) {
        self.keyID = keyID
        self.revokedBy = revokedBy
        self.revokedAt = revokedAt
    }

    private enum CodingKeys: String, CodingKey {
        case keyID = "keyId"
        case revokedBy, revokedAt
    }
}
