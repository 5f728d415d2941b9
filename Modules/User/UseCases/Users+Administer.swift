import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

extension Users {
    /// Every user, the newest first.
    func list(_ page: PageRequest) async throws -> [User] {
        try await database.read { try store.list(page, in: $0) }
    }

    /// Suspends an account, or takes it up again.
    ///
    /// Who is suspended loses all sessions; nobody can suspend the last administrator, for nobody
    /// could undo it.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/lastAdministrator``,
    ///   ``UserError/notAdministrator``.
    func setStatus(
        _ status: User.Status, of id: UserID, reason: String, by caller: Principal
    ) async throws -> User {
        let now = now().wholeMilliseconds
        return try await ending.write { transaction, ended in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            try roles.requireRank(of: caller, over: id, in: transaction)
            guard user.status != status else { return user }
            if status == .suspended {
                try requireAnotherAdministrator(than: id, in: transaction)
            }
            try outbox.publish(
                UserAccountStatusChanged(
                    userID: id, oldStatus: user.status.rawValue, newStatus: status.rawValue,
                    reason: reason, changedBy: caller.userID, changedAt: now), in: transaction)
            user.status = status
            try store.update(user, at: now, in: transaction)
            if status == .suspended {
                try ending.endAll(of: id, because: .suspended, in: transaction, &ended)
                try mailed.store.voidAll(of: id, in: transaction)
            }
            return user
        }
    }

    /// Takes a user's second factor away, who lost it with the recovery codes; their sessions end.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/factorOff``, ``UserError/notAdministrator``.
    func removeFactor(of id: UserID, by caller: Principal) async throws {
        let now = now().wholeMilliseconds
        try await ending.write { transaction, ended in
            guard try store.find(id, in: transaction) != nil else { throw UserError.notFound }
            try roles.requireRank(of: caller, over: id, in: transaction)
            let factors = FactorStore()
            guard try factors.isOn(id, in: transaction) else { throw UserError.factorOff }
            try factors.erase(id, in: transaction)
            try ending.endAll(of: id, because: .factorChanged, in: transaction, &ended)
            try outbox.publish(
                MfaStatusChanged(userID: id, enabled: false, method: "totp", changedAt: now),
                in: transaction)
        }
    }

    /// - Throws: ``UserError/lastAdministrator``.
    func requireAnotherAdministrator(than id: UserID, in transaction: Transaction) throws {
        let administrators = try store.activeAdministrators(in: transaction)
        guard administrators != [id] else { throw UserError.lastAdministrator }
    }
}
