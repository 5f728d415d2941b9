import Events
import Foundation
import UserContract
import Web

/// A name for a set of permissions.
struct Role: Sendable, Hashable {
    let id: RoleID
    let name: String
    let permissions: Set<String>

    /// Lower-case letters, digits and hyphens, a letter first.
    static func isName(_ text: String) -> Bool {
        text.wholeMatch(of: /[a-z][a-z0-9-]{0,49}/) != nil
    }

    /// Whether users hold it without having been given it.
    var isEverybodys: Bool { name == Self.customer.name }

    /// Holds every permission, also those that are not invented yet.
    static let admin = fixed(1, Principal.administratorRole, [])
    /// Helps users, and changes nothing.
    static let support = fixed(
        2, "support", ["users:read", "search:users", "audit:read", "admin:events"])
    /// Everybody who has an account.
    static let customer = fixed(3, "customer", [])

    /// Those that exist from the start, with ids that are the same in every installation.
    static let builtIn = [admin, support, customer]

    private static func fixed(
        _ number: UInt8, _ name: String, _ permissions: Set<String>
    ) -> Role {
        let id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number))
        return Role(id: RoleID(id), name: name, permissions: permissions)
    }
}

/// What a user may do: the names of their roles, and what these permit.
struct Grants: Sendable, Hashable {
    var roles: Set<String> = []
    var permissions: Set<String> = []
    /// Roles that the user has, and this session has not.
    var withheldRoles: Set<String> = []

    /// The same for a session that may not act in a role.
    func without(_ role: Role) -> Grants {
        Grants(
            roles: roles.subtracting([role.name]),
            permissions: permissions.subtracting(role.permissions),
            withheldRoles: withheldRoles.union([role.name]))
    }
}
