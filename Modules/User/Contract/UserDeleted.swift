public import Events
public import Foundation

/// An account was deleted; whoever keeps personal data of the user erases it.
///
/// - Source: `Users.delete(_:)`, in the transaction that erases the user's own data.
/// - Heard by: `notification.user-mails`, `search.user-index`, `order.customers`, `audit.trail`.
public struct UserDeleted: Event {
    public static let type: EventType = "UserDeletedEventV1"
    public static let topic = UserTopics.users
    public let userID: UserID
    /// UTC.
    public let deletedAt: Date

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
