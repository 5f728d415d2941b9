import Events
import Foundation
import Storage
import Web

/// Everything that this module knows about one user, for the user (GDPR, articles 15 and 20).
struct Exports: Sendable {
    let users: Users
    let sessions: Sessions
    let addresses: Addresses

    /// What is told; secrets and their hashes are not.
    struct Export: Sendable {
        let user: User
        let grants: Grants
        let sessions: [SessionStore.Listed]
        let addresses: [Address]
        let hasFactor: Bool
        let recoveryCodeCount: Int
    }

    /// In one consistent snapshot.
    ///
    /// - Throws: ``UserError/notFound``.
    func export(_ id: UserID) async throws -> Export {
        let now = users.now()
        return try await users.database.read { transaction in
            guard let user = try users.store.find(id, in: transaction) else {
                throw UserError.notFound
            }
            return Export(
                user: user, grants: try users.roles.grants(of: id, in: transaction),
                sessions: try sessions.store.living(
                    of: id, at: now, idle: Sessions.idleSeconds, in: transaction),
                addresses: try addresses.store.list(of: id, in: transaction),
                hasFactor: try sessions.codes.store.isOn(id, in: transaction),
                recoveryCodeCount: try sessions.codes.store.codeCount(of: id, in: transaction))
        }
    }
}
