import Events
import Foundation
import Storage

/// What orders know of users, as rows.
struct CustomerStore: Sendable {
    /// Forgets who can be learned again; the marks of the deleted stay.
    func clear(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM customers WHERE deleted_at IS NULL")
    }

    func insert(
        _ id: UserID, email: String, firstName: String, lastName: String,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name)
            VALUES (\(id), \(email), \(firstName), \(lastName))
            ON CONFLICT (user_id) DO NOTHING
            """)
    }

    func rename(
        _ id: UserID, firstName: String, lastName: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE customers SET first_name = \(firstName), last_name = \(lastName)
            WHERE user_id = \(id) AND deleted_at IS NULL
            """)
    }

    /// Erases what is personal and keeps the mark, so that a replay can't bring it back.
    func erase(_ id: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO customers (user_id, email, first_name, last_name, deleted_at)
            VALUES (\(id), '', '', '', \(deletedAt))
            ON CONFLICT (user_id) DO UPDATE
            SET email = '', first_name = '', last_name = '', deleted_at = \(deletedAt)
            """)
    }

    func isDeleted(_ id: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM customers
            WHERE user_id = \(id) AND deleted_at IS NOT NULL
            """) != nil
    }
}
