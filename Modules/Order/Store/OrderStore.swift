import Events
import Foundation
import OrderContract
import Storage
import Web

/// Orders as rows.
struct OrderStore: Sendable {
    private static let fixedColumns: SQL =
        "id, user_id, kind, total, currency, items, quote_id, created_at, number"
    private static let columns: SQL =
        """
        \(fixedColumns), updated_at, state, payment_status, fulfilment_status, version,
        timeline_count, deadline, attempt, payment_id, taken, taken_currency, fee, refunded,
        refund_pending, address, end_reason, end_note
        """

    /// Inserts an order; `false` when its number is taken, or it is a second welcome order of its
    /// user, or a second order by its quote.
    func insert(_ order: Order, in transaction: Transaction) throws -> Bool {
        let items = JSON(try FlotillaJSON.encode(order.items))
        return try transaction.rowsChanged(
            by: """
                INSERT INTO orders (\(Self.columns))
                VALUES (\(order.id), \(order.userID), \(order.kind), \(order.total.amount),
                        \(order.total.currency), \(items), \(order.quoteID), \(order.createdAt),
                        \(order.number), \(order.updatedAt), \(order.state),
                        \(order.paymentStatus), \(order.fulfilmentStatus), \(order.version),
                        \(order.timelineCount), \(order.deadline), \(order.attempt),
                        \(order.paymentID), \(order.taken?.amount), \(order.taken?.currency),
                        \(order.fee?.amount), \(order.refundedAmount),
                        \(order.refundPendingAmount), \(try json(order.address)),
                        \(order.endReason), \(order.endNote))
                ON CONFLICT DO NOTHING
                """) == 1
    }

    /// Stores what an order has become, if it is still as it was loaded.
    ///
    /// - Throws: ``StorageError`` of kind `conflict`: the transaction is run again.
    func update(_ order: Order, in transaction: Transaction) throws {
        let count = try transaction.rowsChanged(
            by: """
                UPDATE orders SET updated_at = \(order.updatedAt), state = \(order.state),
                    payment_status = \(order.paymentStatus),
                    fulfilment_status = \(order.fulfilmentStatus), version = version + 1,
                    timeline_count = \(order.timelineCount), deadline = \(order.deadline),
                    attempt = \(order.attempt), payment_id = \(order.paymentID),
                    taken = \(order.taken?.amount), taken_currency = \(order.taken?.currency),
                    fee = \(order.fee?.amount), refunded = \(order.refundedAmount),
                    refund_pending = \(order.refundPendingAmount),
                    address = \(try json(order.address)), end_reason = \(order.endReason),
                    end_note = \(order.endNote)
                WHERE id = \(order.id) AND version = \(order.version)
                """)
        guard count == 1 else {
            throw StorageError(
                kind: .conflict, code: "order.version", detail: "the order was changed meanwhile")
        }
    }

    func find(_ id: OrderID, in transaction: Transaction) throws -> Order? {
        try transaction.first("SELECT \(Self.columns) FROM orders WHERE id = \(id)").map(order)
    }

    /// Whether a user was given a welcome order.
    func hasWelcome(_ user: UserID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            "SELECT 1 AS one FROM orders WHERE user_id = \(user) AND kind = \(Order.Kind.welcome)"
        ) != nil
    }

    /// A user's orders that have neither ended nor been confirmed.
    func open(of user: UserID, in transaction: Transaction) throws -> [Order] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM orders
            WHERE user_id = \(user) AND state IN (\(OrderState.awaitingStock),
                \(OrderState.reserved), \(OrderState.awaitingPayment),
                \(OrderState.paymentFailed))
            """
        ).map(order)
    }

    /// Takes what is personal out of a user's orders.
    func forgetCustomer(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE orders SET address = NULL, end_note = NULL, version = version + 1
            WHERE user_id = \(user) AND (address IS NOT NULL OR end_note IS NOT NULL)
            """)
        try transaction.execute(
            """
            UPDATE order_refunds SET note = NULL
            WHERE note IS NOT NULL
                AND order_id IN (SELECT id FROM orders WHERE user_id = \(user))
            """)
    }

    /// Which orders a list is to show.
    struct Filter: Sendable {
        var userID: UserID?
        var state: OrderState?
        var number: String?
    }

    /// Orders, newest first, one more than the page has room for.
    func list(
        _ filter: Filter, page: PageRequest, in transaction: Transaction
    ) throws -> [Order] {
        var sql: SQL = "SELECT \(Self.columns) FROM orders WHERE 1 = 1"
        if let user = filter.userID { sql = sql + " AND user_id = \(user)" }
        if let state = filter.state { sql = sql + " AND state = \(state)" }
        if let number = filter.number { sql = sql + " AND number = \(number)" }
        if let after = page.after {
            sql = sql + " AND (created_at, id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        return try transaction.rows(sql).map(order)
    }

    private func json(_ address: AddressSnapshot?) throws -> JSON? {
        try address.map { JSON(try FlotillaJSON.encode($0)) }
    }

    private func order(_ row: Row) throws -> Order {
        let currency: Currency = try row.get("currency")
        var order = Order(
            id: try row.get("id"), number: try row.get("number"), userID: try row.get("user_id"),
            kind: try row.get("kind"),
            items: try FlotillaJSON.decode([OrderedItem].self, from: try row.get("items")),
            total: Money(amount: try row.get("total"), currency: currency),
            quoteID: try row.get("quote_id"),
            address: try row.get("address", as: Data?.self).map {
                try FlotillaJSON.decode(AddressSnapshot.self, from: $0)
            }, createdAt: try row.get("created_at"))
        order.updatedAt = try row.get("updated_at")
        order.state = try row.get("state")
        order.paymentStatus = try row.get("payment_status")
        order.fulfilmentStatus = try row.get("fulfilment_status")
        order.version = try row.get("version")
        order.timelineCount = try row.get("timeline_count")
        order.deadline = try row.get("deadline")
        order.attempt = try row.get("attempt")
        order.paymentID = try row.get("payment_id")
        if let taken = try row.get("taken", as: Int64?.self) {
            order.taken = Money(amount: taken, currency: try row.get("taken_currency"))
        }
        order.fee = try row.get("fee", as: Int64?.self).map {
            Money(amount: $0, currency: order.taken?.currency ?? currency)
        }
        order.refundedAmount = try row.get("refunded")
        order.refundPendingAmount = try row.get("refund_pending")
        order.endReason = try row.get("end_reason")
        order.endNote = try row.get("end_note")
        return order
    }
}
