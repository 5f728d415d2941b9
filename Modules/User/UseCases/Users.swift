import EventBus
import Events
import Foundation
import Storage

/// Accounts: who exists, what they tell about themselves, and how they prove who they are.
struct Users: Sendable {
    let database: Database
    let outbox: Outbox
    let hasher: PasswordHasher
    let policy: PasswordPolicy
    let now: @Sendable () -> Date
    let ending: AccessEnding
    let store = UserStore()
    let roles = RoleStore()

    /// The user with an id.
    ///
    /// - Throws: ``UserError/notFound``.
    func find(_ id: UserID) async throws -> User {
        guard let user = try await database.read({ try store.find(id, in: $0) }) else {
            throw UserError.notFound
        }
        return user
    }
}
