import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Shows that mail to an account's address reaches its user.
struct EmailVerifications: Sendable {
    let users: Users
    let sessions = SessionStore()
    private let throttles = ThrottleStore()

    init(users: Users) { self.users = users }

    /// Sends another mail; does nothing when the address is confirmed already.
    ///
    /// - Throws: ``UserError/notFound``; `Problem` 429 after too many.
    func request(of id: UserID) async throws {
        let now = users.now().wholeMilliseconds
        let wait = try await users.database.write { transaction -> Duration? in
            guard let user = try users.store.find(id, in: transaction) else {
                throw UserError.notFound
            }
            let key = ThrottleKey(.mail, "verify", id.description)
            if let wait = try throttles.count(key, at: now, in: transaction) { return wait }
            guard user.status == .pendingVerification else { return nil }
            let token = try users.mailed.issue(
                .emailVerification, of: id, at: now, in: transaction)
            try users.outbox.publish(
                UserEmailVerificationRequested(
                    userID: id, email: user.email.text, sealedToken: token.text,
                    expiresAt: token.expiresAt), in: transaction)
            return nil
        }
        if let wait { throw Problem.rateLimited("too many mails; see the last one", wait: wait) }
    }

    /// Confirms the address that a token was mailed to.
    ///
    /// Whoever opened the account may be another than who owns the address. So sessions that were
    /// opened from elsewhere end here, and a reset takes the password from whoever chose it.
    ///
    /// - Throws: ``UserError/tokenSpent``.
    func confirm(_ token: OneTimeToken, from device: Device) async throws {
        let now = users.now().wholeMilliseconds
        try await users.ending.write { transaction, ended in
            let grant = try users.mailed.store.spend(
                token, .emailVerification, at: now, in: transaction)
            guard let grant, var user = try users.store.find(grant.userID, in: transaction) else {
                throw UserError.tokenSpent
            }
            try users.confirmEmail(&user, at: now, in: transaction)
            let strangers = try sessions.living(
                of: user.id, at: now, idle: Sessions.idleSeconds, in: transaction
            ).filter { $0.device.network != device.network }
            try users.ending.end(
                strangers.map(\.id), of: user.id, because: .addressConfirmed, in: transaction,
                &ended)
        }
    }
}
