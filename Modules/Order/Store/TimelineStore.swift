import Events
import Foundation
import Storage

/// What happened to orders, and their refunds, as rows.
struct TimelineStore: Sendable {
    func append(
        _ entries: [TimelineEntry], to order: OrderID, cause: EventID?,
        in transaction: Transaction
    ) throws {
        for entry in entries {
            let detail = JSON(try FlotillaJSON.encode(entry.detail))
            try transaction.execute(
                """
                INSERT INTO order_timeline (order_id, seq, at, occurrence, from_state, to_state,
                    actor, actor_id, detail, event_id)
                VALUES (\(order), \(entry.seq), \(entry.at), \(entry.occurrence), \(entry.from),
                        \(entry.to), \(entry.actor.kind), \(entry.actor.id), \(detail),
                        \(cause))
                """)
        }
    }

    /// Whether an event was taken into an order's timeline before.
    func has(
        _ event: EventID, of order: OrderID, in transaction: Transaction
    ) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM order_timeline
            WHERE order_id = \(order) AND event_id = \(event)
            """) != nil
    }

    /// An order's first entries, oldest first; no order has as many as the limit by fair means.
    func list(of order: OrderID, in transaction: Transaction) throws -> [TimelineEntry] {
        try transaction.rows(
            """
            SELECT seq, at, occurrence, from_state, to_state, actor, actor_id, detail
            FROM order_timeline WHERE order_id = \(order) ORDER BY seq LIMIT 1000
            """
        ).map { row in
            TimelineEntry(
                seq: try row.get("seq"), at: try row.get("at"),
                occurrence: try row.get("occurrence"), from: try row.get("from_state"),
                to: try row.get("to_state"),
                actor: .init(kind: try row.get("actor"), id: try row.get("actor_id")),
                detail: try FlotillaJSON.decode(
                    TimelineEntry.Detail.self, from: try row.get("detail")))
        }
    }

    func refunds(of order: OrderID, in transaction: Transaction) throws -> [OrderRefund] {
        try transaction.rows(
            """
            SELECT refund_id, payment_id, amount, currency, reason, status, requested_at, note
            FROM order_refunds WHERE order_id = \(order) ORDER BY refund_id
            """
        ).map { row in
            OrderRefund(
                id: try row.get("refund_id"), paymentID: try row.get("payment_id"),
                amount: Money(amount: try row.get("amount"), currency: try row.get("currency")),
                reason: try row.get("reason"), status: try row.get("status"),
                requestedAt: try row.get("requested_at"), note: try row.get("note"))
        }
    }

    func put(
        _ refund: OrderRefund, of order: OrderID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO order_refunds (refund_id, order_id, payment_id, amount, currency, reason,
                status, requested_at, note)
            VALUES (\(refund.id), \(order), \(refund.paymentID), \(refund.amount.amount),
                    \(refund.amount.currency), \(refund.reason), \(refund.status),
                    \(refund.requestedAt), \(refund.note))
            ON CONFLICT (refund_id) DO UPDATE SET status = excluded.status
            """)
    }
}
