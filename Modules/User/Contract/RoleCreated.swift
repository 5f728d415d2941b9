public import Events

/// A role was defined.
///
/// - Source: `Roles.create(_:permissions:by:)`, in the transaction that inserts it.
/// - Heard by: `audit.trail`.
public struct RoleCreated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "RoleCreatedEventV1"
    /// The one topic of the module.
    public static let topic = UserTopics.users
    /// The role.
    public let roleID: RoleID
    /// What it is called in assignments and tokens.
    public let name: String
    /// What it permits, sorted.
    public let permissions: [String]
    /// The administrator.
    public let createdBy: UserID

    /// The role, so that everything about one role keeps its sequence.
    public var key: String { roleID.description }

    /// Puts the fact together.
    public init(roleID: RoleID, name: String, permissions: [String], createdBy: UserID) {
        self.roleID = roleID
        self.name = name
        self.permissions = permissions
        self.createdBy = createdBy
    }

    private enum CodingKeys: String, CodingKey {
        case roleID = "roleId"
        case name, permissions, createdBy
    }
}
