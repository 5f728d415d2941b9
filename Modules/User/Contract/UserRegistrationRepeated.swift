public import Events
public import Foundation

/// Somebody tried to open an account with an address that has one.
///
/// - Source: `Users.register(_:)` where accounts are concealed, in a transaction of its own.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct UserRegistrationRepeated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserRegistrationRepeatedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose address it is.
    public let userID: UserID
    /// UTC.
    public let attemptedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, attemptedAt: Date) {
        self.userID = userID
        self.attemptedAt = attemptedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case attemptedAt
    }
}
