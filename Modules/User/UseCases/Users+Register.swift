import EventBus
import Events
import Storage
import UserContract
import Web

/// What a new account is opened with.
struct Registration: Sendable {
    let email: EmailAddress
    let password: Password
    let profile: Profile
}

extension Users {
    /// Opens an account, and mails what confirms its address.
    ///
    /// Where accounts are concealed, a taken address is answered like a free one, in the same time,
    /// and its owner is told by mail.
    ///
    /// - Throws: ``UserError/emailTaken``; `Problem` 422 for a password that does not do, 429 after
    ///   too many taken addresses.
    func register(_ registration: Registration, from device: Device) async throws -> User {
        try await check(registration)
        if let wait = logInPolicy.failures.shortage(of: device.ipAddress) {
            throw Problem.rateLimited("too many failures from this address", wait: wait)
        }
        let user = User(
            id: UserID(), email: registration.email, profile: registration.profile,
            status: .pendingVerification,
            passwordHash: try await hasher.hash(registration.password),
            createdAt: now().wholeMilliseconds)
        guard logInPolicy.concealsAccounts else {
            do {
                try await database.write { try insert(user, in: $0) }
                return user
            } catch UserError.emailTaken {
                logInPolicy.failures.charge(device.ipAddress)
                throw UserError.emailTaken
            }
        }
        // Each one, for which was taken must not show in what is left.
        logInPolicy.failures.charge(device.ipAddress)
        return try await logInPolicy.failureFloor.always {
            do {
                try await database.write { try insert(user, in: $0) }
            } catch UserError.emailTaken {
                try await tellOwner(of: registration.email)
            }
            return user
        }
    }

    private func tellOwner(of email: EmailAddress) async throws {
        let now = now().wholeMilliseconds
        try await database.write { transaction in
            let key = ThrottleKey(.mail, "repeat", try identifier(of: email))
            guard try throttles.count(key, at: now, in: transaction) == nil,
                let owner = try store.find(email, in: transaction)
            else { return }
            try outbox.publish(
                UserRegistrationRepeated(userID: owner.id, attemptedAt: now), in: transaction)
        }
    }

    /// Creates an administrator, or makes one of the account that the address has already.
    ///
    /// An account whose address was never confirmed may be anybody's: it gets the given password
    /// and loses its sessions. A confirmed one keeps its password.
    ///
    /// - Returns: the user, and whether the account is new.
    /// - Throws: `Problem` 422 for a password that does not do.
    func createAdministrator(_ registration: Registration) async throws -> (User, isNew: Bool) {
        try await check(registration)
        var candidate = User(
            id: UserID(), email: registration.email, profile: registration.profile,
            status: .active, passwordHash: "", createdAt: now().wholeMilliseconds)
        candidate.passwordHash = try await hasher.hash(registration.password)
        let newcomer = candidate
        return try await ending.write { transaction, ended in
            let existing = try store.find(newcomer.email, in: transaction)
            let user = existing ?? newcomer
            if existing == nil { try insert(user, in: transaction) }
            if existing?.status == .pendingVerification {
                try take(user.id, over: newcomer.passwordHash, in: transaction, &ended)
            }
            if try roles.assign(.admin, to: user.id, at: now(), in: transaction) {
                try outbox.publish(
                    UserRoleAssigned(
                        userID: user.id, roleID: Role.admin.id, roleName: Role.admin.name,
                        assignedBy: "command-line"), in: transaction)
            }
            return (user, isNew: existing == nil)
        }
    }

    private func check(_ registration: Registration) async throws {
        try await policy.check(
            registration.password, near: registration.email, registration.profile,
            pointer: "/password")
    }

    private func take(
        _ id: UserID, over passwordHash: String, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws {
        guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
        let now = now().wholeMilliseconds
        user.passwordHash = passwordHash
        try disown(&user, in: transaction)
        user.status = .active
        try store.update(user, at: now, in: transaction)
        try mailed.store.voidAll(of: id, in: transaction)
        try ending.endAll(of: id, because: .passwordChanged, in: transaction, &ended)
        try outbox.publish(
            UserPasswordChanged(userID: id, ipAddress: nil, changedAt: now), in: transaction)
    }

    private func insert(_ user: User, in transaction: Transaction) throws {
        guard try store.insert(user, in: transaction) else { throw UserError.emailTaken }
        // Whoever opens and deletes an account again and again sends mails to its address.
        let key = ThrottleKey(.mail, "register", try identifier(of: user.email))
        if let wait = try throttles.count(key, at: user.createdAt, in: transaction) {
            throw Problem.rateLimited("too many accounts with this address", wait: wait)
        }
        let token =
            user.status == .pendingVerification
            ? try mailed.issue(
                .emailVerification, of: user.id, at: user.createdAt, in: transaction) : nil
        try outbox.publish(
            UserRegistered(
                userID: user.id, email: user.email.text, firstName: user.profile.firstName,
                lastName: user.profile.lastName, status: user.status.rawValue,
                createdAt: user.createdAt, sealedToken: token?.text,
                expiresAt: token?.expiresAt), in: transaction)
    }
}
