public import Events
public import Foundation

/// A user was given a role.
///
/// - Source: `Users.createAdministrator(_:)`, in the transaction that inserts the assignment.
/// - Heard by: `audit.trail`.
public struct UserRoleAssigned: Event {
    public static let type: EventType = "UserRoleAssignedEventV1"
    public static let topic = UserTopics.users
    public let userID: UserID
    public let roleID: RoleID
    public let roleName: String
    /// Who gave it: a user's id, or `command-line`.
    public let assignedBy: String

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
    public let uuid: UUID
    public init(_ uuid: UUID) { self.uuid = uuid }
}
