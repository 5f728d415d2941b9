public import Events

/// A user changed what they tell about themselves.
///
/// - Source: `Users.updateProfile(_:)`, in the transaction that updates the user.
/// - Heard by: `search.user-index`, `order.customers`, `audit.trail`.
public struct UserProfileUpdated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserProfileUpdatedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Whose profile it is.
    public let userID: UserID
    /// The present one, changed or not; 1 to 100 characters.
    public let firstName: String
    /// The present one, changed or not; 1 to 100 characters.
    public let lastName: String
    /// E.164.
    public let phone: String?
    /// Free text about themselves, at most 1 000 characters; `nil` for none.
    public let bio: String?
    /// All of them, at most 50; what they mean is the client's affair.
    public let preferences: [String: String]
    /// The names of the fields that differ from before.
    public let changedFields: [String]

    /// The user, so that everything about one user keeps its sequence.
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
