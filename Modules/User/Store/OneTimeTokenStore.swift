import Crypto
import Events
import Foundation
import Storage
import UserContract

/// What a token does that works once.
enum TokenUse: String, SQLConvertible, Sendable {
    case emailVerification = "email_verification"
    case passwordReset = "password_reset"
    case emailChange = "email_change"
    case emailChangeUndo = "email_change_undo"
    /// Stands for a right password while the second factor is awaited.
    case secondFactor = "second_factor"

    /// Whether a new one makes the ones before it worthless.
    var isSingle: Bool {
        switch self {
        case .emailVerification, .passwordReset, .emailChange: true
        // Log-ins go on side by side; and each address that was left can be gone back to.
        case .secondFactor, .emailChangeUndo: false
        }
    }

    /// How long it works.
    var lifetime: TimeInterval {
        switch self {
        case .emailVerification: 24 * 3_600
        case .passwordReset: 30 * 60
        case .emailChange: 24 * 3_600
        case .emailChangeUndo: 3 * 24 * 3_600
        case .secondFactor: 5 * 60
        }
    }
}

/// 256 random bits, of which only the hash is stored.
struct OneTimeToken: Sendable {
    let text: String

    /// A new one.
    init() {
        text = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64URLEncoded
    }

    /// One that a client shows.
    init(_ text: String) { self.text = text }

    fileprivate var hash: String { SHA256.hash(data: Data(text.utf8)).hexEncoded }
}

/// Tokens that work once, as rows.
struct OneTimeTokenStore: Sendable {
    /// What a token stands for.
    struct Grant: Sendable, Hashable {
        let userID: UserID
        /// The address that it is about, where it is about one.
        let email: String?
        /// The session that asked for it, where that matters.
        let sessionID: SessionID?
        let expiresAt: Date
    }

    /// Stores a new token. Older ones of the same use are worth nothing from now on, where there is
    /// to be one at a time.
    func issue(
        _ token: OneTimeToken, _ use: TokenUse, of user: UserID, email: String? = nil,
        session: SessionID? = nil, at now: Date, in transaction: Transaction
    ) throws -> Date {
        try purgeSomeExpired(at: now, in: transaction)
        if use.isSingle { try void(use, of: user, in: transaction) }
        let expiresAt = now + use.lifetime
        try transaction.execute(
            """
            INSERT INTO one_time_tokens
                (hash, purpose, user_id, email, session_id, expires_at)
            VALUES (\(token.hash), \(use), \(user), \(email), \(session), \(expiresAt))
            """)
        return expiresAt
    }

    /// What a token stands for, without spending it.
    func find(
        _ token: OneTimeToken, _ use: TokenUse, at now: Date, in transaction: Transaction
    ) throws -> Grant? {
        try transaction.first(
            """
            SELECT user_id, email, session_id, expires_at FROM one_time_tokens
            WHERE hash = \(token.hash) AND purpose = \(use) AND expires_at > \(now)
            """
        ).map { row in
            Grant(
                userID: try row.get("user_id"), email: try row.get("email"),
                sessionID: try row.get("session_id"), expiresAt: try row.get("expires_at"))
        }
    }

    /// Spends a token; `nil` for one that is not good, also for the second of two at a time.
    func spend(
        _ token: OneTimeToken, _ use: TokenUse, at now: Date, in transaction: Transaction
    ) throws -> Grant? {
        guard let grant = try find(token, use, at: now, in: transaction) else { return nil }
        let count = try transaction.rowsChanged(
            by: "DELETE FROM one_time_tokens WHERE hash = \(token.hash)")
        return count == 1 ? grant : nil
    }

    /// Makes a user's tokens of one use worthless.
    func void(_ use: TokenUse, of user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM one_time_tokens WHERE user_id = \(user) AND purpose = \(use)")
    }

    /// Makes all of a user's tokens worthless, but for those that take a new address back: whoever
    /// took an account over could take them from its owner.
    func voidAll(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM one_time_tokens
            WHERE user_id = \(user) AND purpose <> \(TokenUse.emailChangeUndo)
            """)
    }

    /// Makes those worthless that take back a later change than this one does.
    func voidUndos(after grant: Grant, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM one_time_tokens
            WHERE user_id = \(grant.userID) AND purpose = \(TokenUse.emailChangeUndo)
                AND expires_at > \(grant.expiresAt)
            """)
    }

    func erase(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM one_time_tokens WHERE user_id = \(user)")
    }

    private func purgeSomeExpired(at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM one_time_tokens WHERE hash IN (
                SELECT hash FROM one_time_tokens WHERE expires_at < \(now)
                ORDER BY expires_at LIMIT 2 \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
    }
}
