public import Events
public import Foundation

/// Somebody tried to log in and was refused.
///
/// - Source: `Sessions.logIn(_:)`, in a transaction of its own.
/// - Heard by: `audit.trail`.
public struct UserLoginFailed: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserLoginFailedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// `nil` when no account has the address.
    public let userID: UserID?
    /// A keyed hash of the address that was tried: tells repeated tries, not the address.
    public let emailHash: String
    /// The peer's address, in full; `nil` when the transport has none.
    public let ipAddress: String?
    /// The client's `User-Agent`, cut to 300 characters; `nil` when it sent none.
    public let userAgent: String?
    /// `unknown_user`, `wrong_password`, `wrong_code`, `throttled`, `not_verified` or `suspended`.
    public let reason: String
    /// UTC.
    public let failedAt: Date

    /// The user; `emailHash` when there is none.
    public var key: String { userID?.description ?? emailHash }

    /// Puts the fact together.
    public init(
        userID: UserID?, emailHash: String, ipAddress: String?, userAgent: String?,
        reason: String, failedAt: Date
    ) {
        self.userID = userID
        self.emailHash = emailHash
        self.ipAddress = ipAddress
        self.userAgent = userAgent
        self.reason = reason
        self.failedAt = failedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case emailHash, ipAddress, userAgent, reason, failedAt
    }
}
