import Events
import Foundation
import OrderContract
import Storage
import Web

/// Orders as rows.
struct OrderStore: Sendable {
    private static let columns: SQL =
        "id, user_id, kind, status, total, currency, items, created_at"

    /// Inserts an order; `false` when it is a second welcome order of its user.
    func insert(_ order: Order, in transaction: Transaction) throws -> Bool {
        let items = JSON(try FlotillaJSON.encoder().encode(order.items))
        return try transaction.rowsChanged(
            by: """
                INSERT INTO orders (\(Self.columns), updated_at)
                VALUES (\(order.id), \(order.userID), \(order.kind), \(order.status),
                        \(order.total.amount), \(order.total.currency), \(items),
                        \(order.createdAt), \(order.createdAt))
                ON CONFLICT DO NOTHING
                """) == 1
    }

    func find(_ id: OrderID, in transaction: Transaction) throws -> Order? {
        try transaction.first("SELECT \(Self.columns) FROM orders WHERE id = \(id)").map(order)
    }

    /// Stores a changed status.
    func update(_ order: Order, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE orders SET status = \(order.status), updated_at = \(now)
            WHERE id = \(order.id)
            """)
    }

    /// A user's orders, newest first, one more than the page has room for.
    func list(
        of user: UserID, page: PageRequest, in transaction: Transaction
    ) throws -> [Order] {
        var sql: SQL = "SELECT \(Self.columns) FROM orders WHERE user_id = \(user)"
        if let after = page.after {
            sql = sql + " AND (created_at, id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        return try transaction.rows(sql).map(order)
    }

    private func order(_ row: Row) throws -> Order {
        Order(
            id: try row.get("id"), userID: try row.get("user_id"), kind: try row.get("kind"),
            status: try row.get("status"),
            items: try FlotillaJSON.decoder().decode(
                [OrderCreated.Item].self, from: try row.get("items")),
            total: Money(amount: try row.get("total"), currency: try row.get("currency")),
            createdAt: try row.get("created_at"))
    }
}
