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
    /// - Throws: ``UserError/notFound``, ``UserError/lastAdministrator``.
    func setStatus(
        _ status: User.Status, of id: UserID, reason: String, by administrator: UserID
    ) async throws -> User {
        let now = now().wholeMilliseconds
        let user = try await ending.write { transaction, ended in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            guard user.status != status else { return user }
            if status == .suspended {
                try requireAnotherAdministrator(than: id, in: transaction)
            }
            try outbox.publish(
                UserAccountStatusChanged(
                    userID: id, oldStatus: user.status.rawValue, newStatus: status.rawValue,
                    reason: reason, changedBy: administrator, changedAt: now), in: transaction)
            user.status = status
            try store.update(user, at: now, in: transaction)
            if status == .suspended {
                try ending.endAll(of: id, because: .suspended, in: transaction, &ended)
                ended.end(id)
            }
            return user
        }
        if user.status != .suspended { ending.endedAccess.resume(.user(id)) }
        return user
    }

    /// - Throws: ``UserError/lastAdministrator``.
    func requireAnotherAdministrator(than id: UserID, in transaction: Transaction) throws {
        let administrators = try store.activeAdministrators(in: transaction)
        guard administrators != [id] else { throw UserError.lastAdministrator }
    }
}
