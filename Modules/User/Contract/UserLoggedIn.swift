public import Events
public import Foundation

/// A user opened a session.
///
/// - Source: `Sessions.logIn(_:)`, in the transaction that inserts the session.
/// - Heard by: `notification.user-mails`, `audit.trail`.
public struct UserLoggedIn: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserLoggedInEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Who logged in.
    public let userID: UserID
    /// The new session; `sid` in its access tokens.
    public let sessionID: String
    /// The peer's address, in full; `nil` when the transport has none.
    public let ipAddress: String?
    /// The client's `User-Agent`, cut to 300 characters; `nil` when it sent none.
    public let userAgent: String?
    /// How the user proved who they are: `password`, `totp` or `recovery_code`.
    public let method: String
    /// UTC.
    public let loggedInAt: Date
    /// Whether the user never logged in before from this network with this agent, but from others.
    public let isNewDevice: Bool?

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, sessionID: String, ipAddress: String?, userAgent: String?,
        method: String, loggedInAt: Date, isNewDevice: Bool? = nil
    ) {
        self.userID = userID
        self.sessionID = sessionID
        self.ipAddress = ipAddress
        self.userAgent = userAgent
        self.method = method
        self.loggedInAt = loggedInAt
        self.isNewDevice = isNewDevice
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case sessionID = "sessionId"
        case ipAddress, userAgent, method, loggedInAt, isNewDevice
    }
}
