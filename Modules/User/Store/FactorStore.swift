import Events
import Foundation
import Storage

/// Second factors and recovery codes as rows.
struct FactorStore: Sendable {
    /// A user's authenticator.
    struct Factor: Sendable, Hashable {
        /// The secret, encrypted.
        let sealedSecret: String
        /// When the user showed that their app has it; `nil` while they did not.
        let confirmedAt: Date?
    }

    func find(_ user: UserID, in transaction: Transaction) throws -> Factor? {
        try transaction.first(
            "SELECT sealed_secret, confirmed_at FROM totp_factors WHERE user_id = \(user)"
        ).map { row in
            Factor(
                sealedSecret: try row.get("sealed_secret"),
                confirmedAt: try row.get("confirmed_at"))
        }
    }

    /// Whether a user's log-ins need a code.
    func isOn(_ user: UserID, in transaction: Transaction) throws -> Bool {
        try find(user, in: transaction)?.confirmedAt != nil
    }

    /// Stores a secret that waits for its confirmation, in the place of another that does.
    ///
    /// - Returns: `false` when there is a confirmed one.
    func propose(
        _ sealedSecret: String, of user: UserID, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO totp_factors (user_id, sealed_secret, last_step)
                VALUES (\(user), \(sealedSecret), 0)
                ON CONFLICT (user_id) DO UPDATE SET sealed_secret = \(sealedSecret), last_step = 0
                    WHERE totp_factors.confirmed_at IS NULL
                """) == 1
    }

    /// Takes a step's code once, and none before it again; `false` for the second of two at a time
    /// (RFC 6238, section 5.2).
    func take(step: Int64, of user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE totp_factors SET last_step = \(step)
                WHERE user_id = \(user) AND last_step < \(step)
                """) == 1
    }

    func confirm(_ user: UserID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE totp_factors SET confirmed_at = \(now)
            WHERE user_id = \(user) AND confirmed_at IS NULL
            """)
    }

    /// Encrypts a secret anew, unless it changed meanwhile.
    func reseal(
        _ old: String, as new: String, of user: UserID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE totp_factors SET sealed_secret = \(new)
            WHERE user_id = \(user) AND sealed_secret = \(old)
            """)
    }

    /// Takes the factor and its codes away.
    func erase(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM recovery_codes WHERE user_id = \(user)")
        try transaction.execute("DELETE FROM totp_factors WHERE user_id = \(user)")
    }

    /// Stores new codes; those before are worth nothing.
    func replaceCodes(
        _ codes: [RecoveryCode], of user: UserID, in transaction: Transaction
    ) throws {
        try transaction.execute("DELETE FROM recovery_codes WHERE user_id = \(user)")
        for code in codes {
            try transaction.execute(
                "INSERT INTO recovery_codes (user_id, hash) VALUES (\(user), \(code.hash))")
        }
    }

    /// Takes a code, once.
    func take(_ code: RecoveryCode, of user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: "DELETE FROM recovery_codes WHERE user_id = \(user) AND hash = \(code.hash)") == 1
    }

    func codeCount(of user: UserID, in transaction: Transaction) throws -> Int {
        try transaction.first(
            "SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = \(user)")?.get("n") ?? 0
    }
}
