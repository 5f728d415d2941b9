import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Roles: what they permit and who has them.
///
/// Nobody gets further than they are: who gives or takes a role must hold all that it permits, and
/// nobody changes their own.
struct Roles: Sendable {
    let users: Users
    let store = RoleStore()

    private var outbox: Outbox { users.outbox }

    /// All roles.
    func list() async throws -> [Role] {
        try await users.database.read { try store.all(in: $0) }
    }

    /// Defines a role.
    ///
    /// - Throws: ``UserError/roleExists``; `Problem` 403 for a permission that the caller lacks.
    func create(_ name: String, permissions: Set<String>, by caller: Principal) async throws -> Role
    {
        let role = Role(id: RoleID(), name: name, permissions: permissions)
        try require(role, of: caller)
        let now = users.now().wholeMilliseconds
        try await users.database.write { transaction in
            guard try store.insert(role, at: now, in: transaction) else {
                throw UserError.roleExists
            }
            try outbox.publish(
                RoleCreated(
                    roleID: role.id, name: name, permissions: permissions.sorted(),
                    createdBy: caller.userID), in: transaction)
        }
        return role
    }

    /// Gives a role; does nothing when the user has it.
    ///
    /// - Throws: ``UserError/roleNotFound``, ``UserError/notFound``, ``UserError/ownRoles``;
    ///   `Problem` 403 for a role that permits more than the caller may.
    func assign(_ name: String, to user: UserID, by caller: Principal) async throws {
        try await change(name, of: user, by: caller) { role, transaction, _ in
            let isNew = try store.assign(
                role, to: user, at: users.now().wholeMilliseconds, in: transaction)
            guard isNew else { return }
            try outbox.publish(
                UserRoleAssigned(
                    userID: user, roleID: role.id, roleName: role.name,
                    assignedBy: caller.userID.description), in: transaction)
        }
    }

    /// Takes a role, and ends the sessions that had it; does nothing when the user has it not.
    ///
    /// - Throws: as ``assign(_:to:by:)``; ``UserError/lastAdministrator``.
    func revoke(_ name: String, from user: UserID, by caller: Principal) async throws {
        try await change(name, of: user, by: caller) { role, transaction, ended in
            if role == .admin {
                try users.requireAnotherAdministrator(than: user, in: transaction)
            }
            guard try store.revoke(role, from: user, in: transaction) else { return }
            try outbox.publish(
                UserRoleRevoked(
                    userID: user, roleID: role.id, roleName: role.name,
                    assignedBy: caller.userID.description), in: transaction)
            try users.ending.endAll(of: user, because: .roleRevoked, in: transaction, &ended)
        }
    }

    private func change(
        _ name: String, of user: UserID, by caller: Principal,
        _ body:
            @escaping @Sendable (Role, Transaction, inout AccessEnding.Ended) throws -> Void
    ) async throws {
        guard user != caller.userID else { throw UserError.ownRoles }
        try await users.ending.write { transaction, ended in
            // A name that can't be is not looked for: it may be no text that the database takes.
            guard Role.isName(name), let role = try store.find(name, in: transaction),
                !role.isEverybodys
            else { throw UserError.roleNotFound }
            try require(role, of: caller)
            guard try users.store.find(user, in: transaction) != nil else {
                throw UserError.notFound
            }
            try body(role, transaction, &ended)
        }
    }

    private func require(_ role: Role, of caller: Principal) throws {
        if role == .admin, !caller.roles.contains(Role.admin.name) {
            throw UserError.notAdministrator
        }
        if let missing = role.permissions.sorted().first(where: { !caller.holds($0) }) {
            throw Problem.forbidden(permission: missing)
        }
    }
}
