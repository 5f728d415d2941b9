public import Events
public import Foundation

/// A user has another password, or none until they set one; every other session has ended.
///
/// - Source: `Users.changePassword(_:)`, `PasswordResets.confirm(_:)` and
///   `EmailChanges.undo(_:)`, in the transaction that stores the hash.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct UserPasswordChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserPasswordChangedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose password it is.
    public let userID: UserID
    /// The peer's address, in full; `nil` when the transport has none.
    public let ipAddress: String?
    /// UTC.
    public let changedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, ipAddress: String?, changedAt: Date) {
        self.userID = userID
        self.ipAddress = ipAddress
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case ipAddress, changedAt
    }
}
