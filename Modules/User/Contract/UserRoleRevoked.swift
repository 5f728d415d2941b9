public import Events

/// A role was taken from a user.
///
/// - Source: `Roles.revoke(_:from:by:)`, in the transaction that deletes the assignment.
/// - Heard by: `audit.trail`.
public struct UserRoleRevoked: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserRoleRevokedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// From whom it was taken.
    public let userID: UserID
    /// The role.
    public let roleID: RoleID
    /// Its name.
    public let roleName: String
    /// Who took it: a user's id.
    public let assignedBy: String

    /// The user, so that everything about one user keeps its sequence.
    public var key: String { userID.description }

    /// Puts the fact together.
    public init(userID: UserID, roleID: RoleID, roleName: String, assignedBy: String) {
        self.userID = userID
        self.roleID = roleID
        self.roleName = roleName
        self.assignedBy = assignedBy
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case roleID = "roleId"
        case roleName, assignedBy
    }
}
