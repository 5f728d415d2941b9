public import Events
public import Foundation

/// Sessions of a user ended before their time: access tokens that name them are worth nothing now.
///
/// - Source: whatever ends sessions in User, in the same transaction.
/// - Heard by: `<module>.ended-access` of each module that answers callers; `audit.trail`.
public struct UserSessionsEnded: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserSessionsEndedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose sessions they were.
    public let userID: UserID
    /// `sid` in their access tokens.
    public let sessionIDs: [String]
    /// `log_out`, `password_changed`, `password_reset`, `address_confirmed`, `email_changed`,
    /// `factor_changed`, `role_revoked`, `suspended`, `administrator`, `refresh_token_reused` or
    /// `too_many`.
    public let reason: String
    /// UTC.
    public let endedAt: Date

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, sessionIDs: [String], reason: String, endedAt: Date) {
        self.userID = userID
        self.sessionIDs = sessionIDs
        self.reason = reason
        self.endedAt = endedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case sessionIDs = "sessionIds"
        case reason, endedAt
    }
}
