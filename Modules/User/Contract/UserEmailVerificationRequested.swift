public import Events
public import Foundation

/// A user asked for another mail that confirms their address; the first comes with the welcome.
///
/// - Source: `EmailVerifications.request(of:)`, in the transaction that stores the token's hash.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct UserEmailVerificationRequested: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserEmailVerificationRequestedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it is.
    public let userID: UserID
    /// Where the mail goes.
    public let email: String
    /// For Notification alone: the token, encrypted and bound to the user and its purpose.
    public let sealedToken: String
    /// When the token ends, UTC.
    public let expiresAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, email: String, sealedToken: String, expiresAt: Date) {
        self.userID = userID
        self.email = email
        self.sealedToken = sealedToken
        self.expiresAt = expiresAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case email, sealedToken, expiresAt
    }
}
