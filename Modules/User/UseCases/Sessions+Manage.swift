import Events
import Foundation
import Storage

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
}
