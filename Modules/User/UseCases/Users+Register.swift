import EventBus
import Events
import Storage
import UserContract

/// What a new account is opened with.
struct Registration: Sendable {
    let email: EmailAddress
    let password: Password
    let profile: Profile
}

extension Users {
    /// Opens an account.
    ///
    /// - Throws: ``UserError/emailTaken``.
    func register(_ registration: Registration) async throws -> User {
        let user = User(
            id: UserID(), email: registration.email, profile: registration.profile,
            status: .pendingVerification,
            passwordHash: try await hasher.hash(registration.password),
            createdAt: now().wholeMilliseconds)
        return try await database.write { transaction in
            try insert(user, in: transaction)
            return user
        }
    }

    /// Creates an administrator, or makes one of the account that the address has already.
    ///
    /// - Returns: the user, and whether the account is new. An existing one keeps its password.
    func createAdministrator(_ registration: Registration) async throws -> (User, isNew: Bool) {
        var candidate = User(
            id: UserID(), email: registration.email, profile: registration.profile,
            status: .active, passwordHash: "", createdAt: now().wholeMilliseconds)
        candidate.passwordHash = try await hasher.hash(registration.password)
        let newcomer = candidate
        return try await database.write { transaction in
            let existing = try store.find(newcomer.email, in: transaction)
            let user = existing ?? newcomer
            if existing == nil { try insert(user, in: transaction) }
            let isAssigned = try store.assign(.admin, to: user.id, at: now(), in: transaction)
            if isAssigned, let role = RoleID(BuiltInRole.admin.id) {
                try outbox.publish(
                    UserRoleAssigned(
                        userID: user.id, roleID: role, roleName: BuiltInRole.admin.rawValue,
                        assignedBy: "command-line"), in: transaction)
            }
            return (user, isNew: existing == nil)
        }
    }

    private func insert(_ user: User, in transaction: Transaction) throws {
        guard try store.insert(user, in: transaction) else { throw UserError.emailTaken }
        try outbox.publish(
            UserRegistered(
                userID: user.id, email: user.email.text, firstName: user.profile.firstName,
                lastName: user.profile.lastName, status: user.status.rawValue,
                createdAt: user.createdAt), in: transaction)
    }
}
