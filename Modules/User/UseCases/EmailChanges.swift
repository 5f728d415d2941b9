import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Gives an account another address, once mail to that has arrived.
struct EmailChanges: Sendable {
    let users: Users
    private let throttles = ThrottleStore()
    private let sessions = SessionStore()
    private let factors = FactorStore()

    init(users: Users) { self.users = users }

    /// Mails a token to the new address. Whether another account has it is told to nobody but the
    /// owner of that address.
    ///
    /// - Throws: ``UserError/sameEmail``; as ``Reauthentication/require(_:of:)``; `Problem` 429.
    func request(_ email: EmailAddress, of caller: Principal, _ proof: Proof) async throws {
        try await users.reauthentication.require(proof, of: caller)
        let now = users.now().wholeMilliseconds
        let wait = try await users.database.write { transaction -> Duration? in
            guard let user = try users.store.find(caller.userID, in: transaction) else {
                throw UserError.notFound
            }
            guard user.email != email else { throw UserError.sameEmail }
            let key = ThrottleKey(.mail, "change", user.id.description)
            if let wait = try throttles.count(key, at: now, in: transaction) { return wait }
            // However many accounts ask: mails to one address are counted under it, in silence.
            let target = ThrottleKey(.mail, "changed-to", try users.identifier(of: email))
            guard try throttles.count(target, at: now, in: transaction) == nil else { return nil }
            // Not only by another one's coming: that would tell a free address from a taken one.
            try users.mailed.store.void(.emailChange, of: user.id, in: transaction)
            let owner = try users.store.find(email, in: transaction)
            let isFree =
                owner == nil || owner?.id == user.id || owner?.status == .pendingVerification
            let token =
                try isFree
                ? users.mailed.issue(
                    .emailChange, of: user.id, email: email.text,
                    session: SessionID(caller.sessionID), at: now, in: transaction) : nil
            try users.outbox.publish(
                UserEmailChangeRequested(
                    userID: user.id, email: email.text, sealedToken: token?.text,
                    expiresAt: token?.expiresAt ?? now + TokenUse.emailChange.lifetime),
                in: transaction)
            return nil
        }
        if let wait { throw Problem.rateLimited("too many mails; see the last one", wait: wait) }
    }

    /// Gives the account the address that the token was mailed to, unless the session that asked
    /// for it has ended. The old address is told, with a token that takes it back.
    ///
    /// - Throws: ``UserError/tokenSpent``, ``UserError/emailTaken``.
    func confirm(_ token: OneTimeToken) async throws {
        let now = users.now().wholeMilliseconds
        try await taking { transaction, ended in
            let grant = try users.mailed.store.spend(
                token, .emailChange, at: now, in: transaction)
            guard let grant, let session = grant.sessionID,
                try sessions.proof(
                    of: session, of: grant.userID, at: now, in: transaction) != nil,
                let email = grant.email.flatMap({ EmailAddress($0) }),
                var user = try users.store.find(grant.userID, in: transaction)
            else { throw UserError.tokenSpent }
            let old = user.email
            try move(&user, to: email, at: now, in: transaction, &ended)
            try users.confirmEmail(&user, at: now, in: transaction)
            let undo = try users.mailed.issue(
                .emailChangeUndo, of: user.id, email: old.text, at: now, in: transaction)
            try users.outbox.publish(
                UserEmailChanged(
                    userID: user.id, email: email.text, oldEmail: old.text,
                    sealedToken: undo.text, expiresAt: undo.expiresAt, changedAt: now),
                in: transaction)
        }
    }

    /// Gives the account its old address back. Somebody else was in it: so every session ends, the
    /// password is void until another is set by mail, and what was changed after the address is
    /// taken back with it, a second factor among it.
    ///
    /// - Throws: ``UserError/tokenSpent``, ``UserError/emailTaken``.
    func undo(_ token: OneTimeToken) async throws {
        let now = users.now().wholeMilliseconds
        try await taking { transaction, ended in
            let grant = try users.mailed.store.spend(
                token, .emailChangeUndo, at: now, in: transaction)
            guard let grant, let email = grant.email.flatMap({ EmailAddress($0) }),
                var user = try users.store.find(grant.userID, in: transaction)
            else { throw UserError.tokenSpent }
            let old = user.email
            try move(&user, to: email, at: now, in: transaction, &ended)
            try users.mailed.store.voidUndos(after: grant, in: transaction)
            user.passwordHash = PasswordHash.none
            try users.store.update(user, at: now, in: transaction)
            let changedAt = grant.expiresAt - TokenUse.emailChangeUndo.lifetime
            if let factor = try factors.find(user.id, in: transaction),
                factor.confirmedAt.map({ $0 >= changedAt }) ?? true
            {
                try factors.erase(user.id, in: transaction)
            }
            try users.ending.endAll(
                of: user.id, because: .emailChanged, in: transaction, &ended)
            try users.outbox.publish(
                UserEmailChanged(
                    userID: user.id, email: email.text, oldEmail: old.text, sealedToken: nil,
                    expiresAt: nil, changedAt: now), in: transaction)
            try users.outbox.publish(
                UserPasswordChanged(userID: user.id, ipAddress: nil, changedAt: now),
                in: transaction)
        }
    }

    /// Of two accounts that take one address at a time, the second is refused by the index.
    private func taking(
        _ body: @escaping @Sendable (Transaction, inout AccessEnding.Ended) throws -> Void
    ) async throws {
        do {
            try await users.ending.write(body)
        } catch let error as StorageError where error.kind == .uniqueViolation {
            throw UserError.emailTaken
        }
    }

    /// Mail to the address has arrived, so it is the user's: an account that was opened with it and
    /// never confirmed is somebody's who could not read that mail, and goes.
    private func move(
        _ user: inout User, to email: EmailAddress, at now: Date, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws {
        if let squatter = try users.store.find(email, in: transaction), squatter.id != user.id,
            squatter.status == .pendingVerification
        {
            try users.erase(squatter, at: now, in: transaction, &ended)
        }
        guard try users.store.setEmail(email, of: user.id, at: now, in: transaction) else {
            throw UserError.emailTaken
        }
        user.email = email
        try users.mailed.store.voidAll(of: user.id, in: transaction)
    }
}
