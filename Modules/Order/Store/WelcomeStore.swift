import Events
import Foundation
import Storage

/// Users whose welcome order waits for its product, as rows.
struct WelcomeStore: Sendable {
    /// Puts whoever looks for the product, or for those who wait for it, into a row: of two at
    /// once, one is run again and sees what the other did.
    func passGate(in transaction: Transaction) throws {
        try transaction.execute("UPDATE welcome_gate SET turn = turn + 1 WHERE id = 1")
    }

    func add(_ user: UserID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO welcomes_due (user_id, since) VALUES (\(user), \(now))
            ON CONFLICT (user_id) DO NOTHING
            """)
    }

    func remove(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM welcomes_due WHERE user_id = \(user)")
    }

    /// Some of those who wait, the longest first.
    func first(in transaction: Transaction) throws -> [UserID] {
        try transaction.rows(
            "SELECT user_id FROM welcomes_due ORDER BY since, user_id LIMIT 100"
        ).map { try $0.get("user_id") }
    }
}
