public import Events

/// A user changed what they tell about themselves.
///
/// - Source: `Users.updateProfile(_:)`, in the transaction that updates the user.
/// - Heard by: `search.user-index`, `order.customers`, `audit.trail`.
public struct UserProfileUpdated: Event {
    public static let type: EventType = "UserProfileUpdatedEventV1"
    public static let topic = UserTopics.users
    public let userID: UserID
    public let firstName: String
    public let lastName: String
    /// E.164.
    public let phone: String?
    public let bio: String?
    public let preferences: [String: String]
    /// The names of the fields that differ from before.
    public let changedFields: [String]

    public var key: String { userID.description }

    /// Puts the fact together.
    public init(
        userID: UserID, firstName: String, lastName: String, phone: String?, bio: String?,
        preferences: [String: String], changedFields: [String]
    ) {
        self.userID = userID
        self.firstName = firstName
        self.lastName = lastName
        self.phone = phone
        self.bio = bio
        self.preferences = preferences
        self.changedFields = changedFields
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case firstName, lastName, phone, bio, preferences, changedFields
    }
}
