public import Events
public import Foundation

/// An account was deleted; whoever keeps personal data of the user erases it.
///
/// - Source: `Users.delete(_:)`, in the transaction that erases the user's own data.
/// - Heard by: `notification.user-mails`, `search.user-index`, `order.customers`, `audit.trail`.
public struct UserDeleted: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserDeletedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it was; the id is never given out again.
    public let userID: UserID
    /// UTC.
    public let deletedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, deletedAt: Date) {
        self.userID = userID
        self.deletedAt = deletedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case deletedAt
    }
}
