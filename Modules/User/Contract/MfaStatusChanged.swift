public import Events
public import Foundation

/// A user turned a second factor on or off.
///
/// - Source: `SecondFactors`, in the transaction that changes it.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct MfaStatusChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "MfaStatusChangedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose account it is.
    public let userID: UserID
    /// Whether log-ins need it from now on.
    public let enabled: Bool
    /// `totp`; or `recovery_codes`, when new ones were made.
    public let method: String
    /// UTC.
    public let changedAt: Date

    /// The method whose codes are on paper.
    public static let recoveryCodes = "recovery_codes"

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, enabled: Bool, method: String, changedAt: Date) {
        self.userID = userID
        self.enabled = enabled
        self.method = method
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case enabled, method, changedAt
    }
}
