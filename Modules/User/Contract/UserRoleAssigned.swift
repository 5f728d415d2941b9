public import Events
public import Foundation

/// A user was given a role.
///
/// - Source: `Roles.assign(_:to:by:)` and `Users.createAdministrator(_:)`, in the transaction
///   that inserts the assignment.
/// - Heard by: `audit.trail`.
public struct UserRoleAssigned: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "UserRoleAssignedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// Who was given it.
    public let userID: UserID
    /// The role; a built-in one has the same id in every installation.
    public let roleID: RoleID
    /// Its name at that moment: `admin`.
    public let roleName: String
    /// Who gave it: a user's id, or `command-line`.
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

/// Names a role.
public struct RoleID: Identifier {
    /// The value itself.
    public let uuid: UUID
    /// Wraps a UUID that is already known.
    public init(_ uuid: UUID) { self.uuid = uuid }
}
