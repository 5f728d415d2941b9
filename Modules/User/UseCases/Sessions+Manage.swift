import Events
import Foundation
import Storage
import Web

extension Sessions {
    /// A user's sessions that go on, the one used last first.
    func list(of user: UserID) async throws -> [SessionStore.Listed] {
        let now = now()
        return try await database.read { transaction in
            try store.living(of: user, at: now, idle: Self.idleSeconds, in: transaction)
        }
    }

    /// Ends one of a user's sessions: its tokens are worth nothing from now on.
    ///
    /// - Throws: ``UserError/sessionNotFound`` also for somebody else's.
    func end(_ id: SessionID, of user: UserID) async throws {
        let now = now().wholeMilliseconds
        try await ending.write { transaction, ended in
            let living = try store.living(
                of: user, at: now, idle: Self.idleSeconds, in: transaction)
            guard living.contains(where: { $0.id == id }) else {
                throw UserError.sessionNotFound
            }
            try ending.end([id], of: user, because: .logOut, in: transaction, &ended)
        }
    }

    /// Ends a user's sessions, all or all but one.
    func endAll(
        of user: UserID, except kept: SessionID? = nil,
        because reason: AccessEnding.Reason = .logOut
    ) async throws {
        try await ending.write { transaction, ended in
            try ending.endAll(
                of: user, except: kept, because: reason, in: transaction, &ended)
        }
    }

    /// Ends one of a user's sessions, or all of them, for an administrator.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/sessionNotFound``,
    ///   ``UserError/notAdministrator``.
    func end(_ id: SessionID?, ofOther user: UserID, by caller: Principal) async throws {
        try await ending.write { transaction, ended in
            guard try users.find(user, in: transaction) != nil else { throw UserError.notFound }
            try roles.requireRank(of: caller, over: user, in: transaction)
            let ids = try store.unended(of: user, in: transaction)
            if let id, !ids.contains(id) { throw UserError.sessionNotFound }
            try ending.end(
                id.map { [$0] } ?? ids, of: user, because: .administrator, in: transaction,
                &ended)
        }
    }

    /// Lets a user log in at once again, however often somebody was wrong.
    ///
    /// - Throws: ``UserError/notFound``.
    func unblock(_ id: UserID) async throws {
        try await database.write { transaction in
            guard let user = try users.find(id, in: transaction) else { throw UserError.notFound }
            let identifier = try secrets.keyedHash(of: user.email.key, for: "email-hash")
            try throttles.clearAll(ThrottleKey(.logIn, identifier), in: transaction)
            try throttles.clear(FactorCodes.key(of: id), in: transaction)
            try throttles.clear(
                ThrottleKey(.reauthentication, id.description), in: transaction)
        }
    }
}
