public import Events
public import Foundation

/// A user showed that mail to their address reaches them.
///
/// - Source: `Accounts.confirm(_:)` and a reset of the password by mail, in the transaction that
///   spends the token.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct UserEmailVerified: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserEmailVerifiedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it is.
    public let userID: UserID
    /// The address, as typed at registration.
    public let email: String
    /// UTC.
    public let verifiedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, email: String, verifiedAt: Date) {
        self.userID = userID
        self.email = email
        self.verifiedAt = verifiedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case email, verifiedAt
    }
}
