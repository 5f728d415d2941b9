import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Sets a new password by mail.
struct PasswordResets: Sendable {
    let users: Users
    /// Requests of a client address.
    let requests: RateLimit
    /// What every request takes, so that its time does not tell whether there is an account.
    let floor: FailureFloor
    private let throttles = ThrottleStore()

    init(users: Users, requests: RateLimit, floor: FailureFloor) {
        self.users = users
        self.requests = requests
        self.floor = floor
    }

    /// Mails a token to the account's stored address, if there is one. Says nothing about it, and
    /// does the same work either way.
    ///
    /// - Throws: `StorageError`.
    func request(_ email: EmailAddress?, typed: String, from device: Device) async throws {
        try await floor.always {
            guard requests.wait(for: device.ipAddress) == nil else { return }
            let now = users.now().wholeMilliseconds
            let identifier = try users.secrets.keyedHash(
                of: email?.key ?? typed.lowercased(), for: "email-hash")
            try await users.database.write { transaction in
                let key = ThrottleKey(.mail, "reset", identifier)
                guard try throttles.count(key, at: now, in: transaction) == nil,
                    let email, let user = try users.store.find(email, in: transaction)
                else { return }
                let token = try users.mailed.issue(
                    .passwordReset, of: user.id, at: now, in: transaction)
                try users.outbox.publish(
                    UserPasswordResetRequested(
                        userID: user.id, email: user.email.text, sealedToken: token.text,
                        expiresAt: token.expiresAt), in: transaction)
            }
        }
    }

    /// Sets the password of the account whose token it is, and ends everything that the old one
    /// opened. It opens no session: who has a second factor is asked for it at the next log-in. Of
    /// an account whose address was never confirmed nothing is kept that its opener could use.
    ///
    /// - Throws: ``UserError/tokenSpent``; `Problem` 422 for a password that does not do.
    func confirm(_ token: OneTimeToken, _ password: Password, from device: Device) async throws {
        let known = try await account(of: token)
        try await users.policy.check(
            password, near: known.email, known.profile, pointer: "/newPassword")
        let hash = try await users.hasher.hash(password)
        let now = users.now().wholeMilliseconds
        try await users.ending.write { transaction, ended in
            let grant = try users.mailed.store.spend(
                token, .passwordReset, at: now, in: transaction)
            guard let grant, var user = try users.store.find(grant.userID, in: transaction) else {
                throw UserError.tokenSpent
            }
            user.passwordHash = hash
            try users.disown(&user, in: transaction)
            try users.store.update(user, at: now, in: transaction)
            try users.confirmEmail(&user, at: now, in: transaction)
            try users.mailed.store.voidAll(of: user.id, in: transaction)
            try throttles.clearAll(
                ThrottleKey(.logIn, try users.identifier(of: user.email)), in: transaction)
            try users.ending.endAll(
                of: user.id, because: .passwordReset, in: transaction, &ended)
            try users.outbox.publish(
                UserPasswordChanged(
                    userID: user.id, ipAddress: device.ipAddress, changedAt: now),
                in: transaction)
        }
    }

    /// Looked up before anything is hashed: only who holds a token may make work.
    private func account(of token: OneTimeToken) async throws -> User {
        let now = users.now()
        let user = try await users.database.read { transaction in
            try users.mailed.store.find(token, .passwordReset, at: now, in: transaction)
                .flatMap { try users.store.find($0.userID, in: transaction) }
        }
        guard let user else { throw UserError.tokenSpent }
        return user
    }
}
