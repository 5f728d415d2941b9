import Events
import Foundation
import Storage

/// What is known of users' tastes and bookings, as rows.
struct TasteStore: Sendable {
    /// Puts a user's words in the place of those before; not of a deleted user.
    func put(_ words: [String], of user: UserID, in transaction: Transaction) throws {
        guard try touch(user, in: transaction) else { return }
        try transaction.execute("DELETE FROM tastes WHERE user_id = \(user)")
        for word in words {
            try transaction.execute("INSERT INTO tastes (user_id, word) VALUES (\(user), \(word))")
        }
    }

    /// Notes that a user has booked products; not of a deleted user.
    func note(
        _ products: [ProductID], bookedBy user: UserID, in transaction: Transaction
    ) throws {
        guard try touch(user, in: transaction) else { return }
        for product in products {
            try transaction.execute(
                """
                INSERT INTO purchases (user_id, product_id) VALUES (\(user), \(product))
                ON CONFLICT DO NOTHING
                """)
        }
    }

    /// Counts an order's products, alone and together; once, however often it is heard of.
    func count(
        _ products: [ProductID], in order: OrderID, in transaction: Transaction
    ) throws {
        let isNew = try transaction.rowsChanged(
            by: "INSERT INTO counted_orders (order_id) VALUES (\(order)) ON CONFLICT DO NOTHING")
        guard isNew == 1 else { return }
        for product in products {
            try transaction.execute(
                """
                INSERT INTO product_bookings (product_id, order_count) VALUES (\(product), 1)
                ON CONFLICT (product_id) DO UPDATE
                SET order_count = product_bookings.order_count + 1
                """)
            for other in products where other != product {
                try transaction.execute(
                    """
                    INSERT INTO product_pairs (product_id, other_id, order_count)
                    VALUES (\(product), \(other), 1)
                    ON CONFLICT (product_id, other_id) DO UPDATE
                    SET order_count = product_pairs.order_count + 1
                    """)
            }
        }
    }

    /// The products that variants belong to, each once, in the order of their ids: whoever counts
    /// them takes their rows in one order.
    func products(
        of variants: [VariantID], in transaction: Transaction
    ) throws -> [ProductID] {
        try transaction.rows(
            """
            SELECT DISTINCT product_id FROM variants
            WHERE id \(among: variants) ORDER BY product_id
            """
        ).map { try $0.get("product_id") }
    }

    /// Erases what is a user's, and keeps the mark, so that nothing that comes late brings it back.
    /// The counts name nobody and stay.
    func erase(_ user: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO tasters (user_id, deleted_at) VALUES (\(user), \(deletedAt))
            ON CONFLICT (user_id) DO UPDATE SET deleted_at = excluded.deleted_at
            """)
        try transaction.execute("DELETE FROM tastes WHERE user_id = \(user)")
        try transaction.execute("DELETE FROM purchases WHERE user_id = \(user)")
    }

    /// Notes that something is known of a user; `false` when nothing may be any more.
    private func touch(_ user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO tasters (user_id) VALUES (\(user))
                ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
                WHERE tasters.deleted_at IS NULL
                """) == 1
    }
}
