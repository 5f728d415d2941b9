public import Events
public import Foundation

/// An account has another address.
///
/// - Source: `EmailChanges.confirm(_:)` and `undo(_:)`, in the transaction that changes the
///   account.
/// - Heard by: `notification.user-mails`, `search.user-index`, `order.customers`, `audit.trail`.
public struct UserEmailChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserEmailChangedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it is.
    public let userID: UserID
    /// The address from now on.
    public let email: String
    /// The one before; it is told.
    public let oldEmail: String
    /// For Notification alone: what takes the change back, sealed; `nil` when it was taken back.
    public let sealedToken: String?
    /// Until when it can be taken back, UTC.
    public let expiresAt: Date?
    /// UTC.
    public let changedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, email: String, oldEmail: String, sealedToken: String?, expiresAt: Date?,
        changedAt: Date
    ) {
        self.userID = userID
        self.email = email
        self.oldEmail = oldEmail
        self.sealedToken = sealedToken
        self.expiresAt = expiresAt
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case email, oldEmail, sealedToken, expiresAt, changedAt
    }
}
