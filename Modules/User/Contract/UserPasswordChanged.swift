public import Events
public import Foundation

/// A user chose a new password; every other session of theirs has ended.
///
/// - Source: `Users.changePassword(_:)`, in the transaction that stores the hash.
/// - Heard by: `audit.trail`.
public struct UserPasswordChanged: Event {
    public static let type: EventType = "UserPasswordChangedEventV1"
    public static let topic = UserTopics.users
    public let userID: UserID
    public let ipAddress: String?
    /// UTC.
    public let changedAt: Date

    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, ipAddress: String?, changedAt: Date) {
        self.userID = userID
        self.ipAddress = ipAddress
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case ipAddress, changedAt
    }
}
