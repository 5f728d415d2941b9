public import Events
public import Foundation

/// An account was suspended or taken up again.
///
/// - Source: `Users.setStatus(_:of:reason:by:)`, in the transaction that changes the account.
/// - Heard by: `notification.user-mails`, `audit.trail`. The sessions that a suspension ends are
///   told by ``UserSessionsEnded``.
public struct UserAccountStatusChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserAccountStatusChangedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it is.
    public let userID: UserID
    /// `pending_verification`, `active` or `suspended`.
    public let oldStatus: String
    /// One of the same.
    public let newStatus: String
    /// What the administrator gave; `nil` when nobody decided it.
    public let reason: String?
    /// The administrator; the user where nobody decided it.
    public let changedBy: UserID
    /// UTC.
    public let changedAt: Date

    /// The status of an account that nobody may use.
    public static let suspended = "suspended"

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, oldStatus: String, newStatus: String, reason: String?, changedBy: UserID,
        changedAt: Date
    ) {
        self.userID = userID
        self.oldStatus = oldStatus
        self.newStatus = newStatus
        self.reason = reason
        self.changedBy = changedBy
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case oldStatus, newStatus, reason, changedBy, changedAt
    }
}
