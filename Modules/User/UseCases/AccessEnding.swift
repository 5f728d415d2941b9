import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Ends sessions: their refresh tokens at once, their access tokens here with the commit, and
/// elsewhere as soon as the event is heard.
struct AccessEnding: Sendable {
    let database: Database
    let outbox: Outbox
    let endedAccess: EndedAccess
    let now: @Sendable () -> Date
    let store = SessionStore()

    /// Why sessions end before their time.
    enum Reason: String, Sendable {
        case logOut = "log_out"
        case passwordChanged = "password_changed"
        case passwordReset = "password_reset"
        case addressConfirmed = "address_confirmed"
        case emailChanged = "email_changed"
        case factorChanged = "factor_changed"
        case roleRevoked = "role_revoked"
        case administrator
        case suspended
        case refreshTokenReused = "refresh_token_reused"
        case tooMany = "too_many"
    }

    /// What a transaction has ended, to be heeded once it is committed.
    struct Ended: Sendable {
        fileprivate var subjects: [EndedAccess.Subject] = []

        /// Everything of a user ends.
        mutating func end(_ user: UserID) { subjects.append(.user(user)) }
    }

    /// A transaction that may end sessions.
    ///
    /// - Throws: what the body throws; `StorageError`.
    func write<T: Sendable>(
        _ body: @escaping @Sendable (Transaction, inout Ended) throws -> T
    ) async throws -> T {
        let (result, ended) = try await database.write { transaction in
            var ended = Ended()
            return (try body(transaction, &ended), ended)
        }
        for subject in ended.subjects { endedAccess.end(subject, at: now()) }
        return result
    }

    /// Ends some of a user's sessions.
    func end(
        _ ids: [SessionID], of user: UserID, because reason: Reason, in transaction: Transaction,
        _ ended: inout Ended
    ) throws {
        guard !ids.isEmpty else { return }
        let now = now().wholeMilliseconds
        for id in ids { try store.revoke(id, at: now, in: transaction) }
        try outbox.publish(
            UserSessionsEnded(
                userID: user, sessionIDs: ids.map(\.description), reason: reason.rawValue,
                endedAt: now), in: transaction)
        ended.subjects += ids.map { .session($0.description) }
    }

    /// Ends all of a user's sessions, but for one.
    func endAll(
        of user: UserID, except kept: SessionID? = nil, because reason: Reason,
        in transaction: Transaction, _ ended: inout Ended
    ) throws {
        // A log-in that runs side by side is to be among them, or to be tried again.
        try UserStore().touch(user, in: transaction)
        let ids = try store.unended(of: user, in: transaction).filter { $0 != kept }
        try end(ids, of: user, because: reason, in: transaction, &ended)
    }
}
