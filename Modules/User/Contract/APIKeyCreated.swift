public import Events
public import Foundation

/// A service was given a key.
///
/// - Source: `APIKeys.create(_:by:)` and `rotate(_:by:)`, in the transaction that stores its hash.
/// - Heard by: `audit.trail`.
public struct APIKeyCreated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ApiKeyCreatedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// The key; `sub` of the access tokens that it is exchanged for.
    public let keyID: APIKeyID
    /// What administrators call it.
    public let name: String
    /// What it permits, sorted.
    public let permissions: [String]
    /// The user or key that made it.
    public let createdBy: String
    /// When it ends, UTC; `nil` for never.
    public let expiresAt: Date?

    /// The key, so that everything about one key keeps its sequence.
    public var key: String { keyID.description }

    /// Puts the fact together.
    public init(
        keyID: APIKeyID, name: String, permissions: [String], createdBy: String,
        expiresAt:
            Date?
    ) {
        self.keyID = keyID
        self.name = name
        self.permissions = permissions
        self.createdBy = createdBy
        self.expiresAt = expiresAt
    }

    private enum CodingKeys: String, CodingKey {
        case keyID = "keyId"
        case name, permissions, createdBy, expiresAt
    }
}

/// Names a key of a service.
public struct APIKeyID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}
