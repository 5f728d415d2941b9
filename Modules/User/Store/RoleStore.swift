import Events
import Foundation
import Storage
import UserContract
import Web

/// Roles and who has them, as rows.
struct RoleStore: Sendable {
    /// All, those that the program brings first.
    func all(in transaction: Transaction) throws -> [Role] {
        try Role.builtIn
            + transaction.rows("SELECT id, name, permissions FROM roles ORDER BY name").map(role)
    }

    func find(_ name: String, in transaction: Transaction) throws -> Role? {
        try Role.builtIn.first { $0.name == name }
            ?? transaction.first("SELECT id, name, permissions FROM roles WHERE name = \(name)")
            .map(role)
    }

    /// Inserts a role; `false` when the name is taken.
    func insert(_ role: Role, at now: Date, in transaction: Transaction) throws -> Bool {
        let permissions = JSON(try FlotillaJSON.encode(role.permissions.sorted()))
        return try !Role.builtIn.contains { $0.name == role.name }
            && transaction.rowsChanged(
                by: """
                    INSERT INTO roles (id, name, permissions, created_at)
                    VALUES (\(role.id.uuid), \(role.name), \(permissions), \(now))
                    ON CONFLICT (name) DO NOTHING
                    """) == 1
    }

    /// What a user may do, what everybody may included.
    func grants(of user: UserID, in transaction: Transaction) throws -> Grants {
        let names = try transaction.rows("SELECT role FROM user_roles WHERE user_id = \(user)")
            .map { try $0.get("role", as: String.self) }
        let roles = try [Role.customer] + names.compactMap { try find($0, in: transaction) }
        return Grants(
            roles: Set(roles.map(\.name)),
            permissions: roles.reduce(into: []) { $0.formUnion($1.permissions) })
    }

    /// Only administrators act on administrators.
    ///
    /// - Throws: ``UserError/notAdministrator``.
    func requireRank(
        of caller: Principal, over id: UserID, in transaction: Transaction
    ) throws {
        guard !caller.roles.contains(Role.admin.name) else { return }
        let roles = try grants(of: id, in: transaction).roles
        if roles.contains(Role.admin.name) { throw UserError.notAdministrator }
    }

    /// Gives a role; `false` when the user has it already.
    func assign(
        _ role: Role, to user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO user_roles (user_id, role, assigned_at)
                VALUES (\(user), \(role.name), \(now)) ON CONFLICT (user_id, role) DO NOTHING
                """) == 1
    }

    /// Takes a role; `false` when the user has it not.
    func revoke(_ role: Role, from user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: "DELETE FROM user_roles WHERE user_id = \(user) AND role = \(role.name)") == 1
    }

    private func role(_ row: Row) throws -> Role {
        Role(
            id: RoleID(try row.get("id", as: UUID.self)), name: try row.get("name"),
            permissions: Set(
                try FlotillaJSON.decode(
                    [String].self, from: try row.get("permissions"))))
    }
}
