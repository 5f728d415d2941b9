public import Events

/// Who makes a request, as the verified access token says.
public struct Principal: Sendable, Hashable {
    /// The user.
    public let userID: UserID
    /// The session that the token belongs to.
    public let sessionID: String
    /// The names of the user's roles.
    public let roles: Set<String>
    /// What the roles permit.
    public let permissions: Set<String>

    /// The role that holds every permission.
    public static let administratorRole = "admin"

    /// Puts the fields together.
    public init(
        userID: UserID, sessionID: String, roles: Set<String>, permissions: Set<String>
    ) {
        self.userID = userID
        self.sessionID = sessionID
        self.roles = roles
        self.permissions = permissions
    }

    /// Whether the user may do what needs this permission.
    public func holds(_ permission: String) -> Bool {
        roles.contains(Self.administratorRole) || permissions.contains(permission)
    }
}
