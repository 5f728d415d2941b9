public import Events
public import Foundation

/// A user opened a session.
///
/// - Source: `Sessions.logIn(_:)`, in the transaction that inserts the session.
/// - Heard by: `audit.trail`.
public struct UserLoggedIn: Event {
    public static let type: EventType = "UserLoggedInEventV1"
    public static let topic = UserTopics.users
    public let userID: UserID
    public let sessionID: String
    public let ipAddress: String?
    public let userAgent: String?
    /// How the user proved who they are: `password`.
    public let method: String
    /// UTC.
    public let loggedInAt: Date

    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, sessionID: String, ipAddress: String?, userAgent: String?,
        method: String, loggedInAt: Date
    ) {
        self.userID = userID
        self.sessionID = sessionID
        self.ipAddress = ipAddress
        self.userAgent = userAgent
        self.method = method
        self.loggedInAt = loggedInAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case sessionID = "sessionId"
        case ipAddress, userAgent, method, loggedInAt
    }
}
