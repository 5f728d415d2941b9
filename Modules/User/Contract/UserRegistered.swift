public import Events
public import Foundation

/// A person opened an account.
///
/// - Source: `Users.register(_:)`, in the transaction that inserts the user.
/// - Heard by: `notification.user-mails`, `search.user-index`, `order.customers`,
///   `order.welcome-order`, `audit.trail`.
public struct UserRegistered: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserRegisteredEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// The new user.
    public let userID: UserID
    /// As typed, without surrounding blanks; at most 254 bytes.
    public let email: String
    /// 1 to 100 characters.
    public let firstName: String
    /// 1 to 100 characters.
    public let lastName: String
    /// `pending_verification` or `active`.
    public let status: String
    /// When the account was opened, UTC.
    public let createdAt: Date
    /// For Notification alone: what confirms the address, encrypted and bound to the user and its
    /// purpose; `nil` for an address that needs no confirmation.
    public let sealedToken: String?
    /// When the token ends, UTC.
    public let expiresAt: Date?

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, email: String, firstName: String, lastName: String, status: String,
        createdAt: Date, sealedToken: String? = nil, expiresAt: Date? = nil
    ) {
        self.userID = userID
        self.email = email
        self.firstName = firstName
        self.lastName = lastName
        self.status = status
        self.createdAt = createdAt
        self.sealedToken = sealedToken
        self.expiresAt = expiresAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case email, firstName, lastName, status, createdAt, sealedToken, expiresAt
    }
}

/// Where User publishes.
public enum UserTopics {
    /// Every event of the module.
    public static let users: Topic = "user.events"
}
