import Events
import Foundation
import Storage

/// What Payment remembers of others: orders that ended, bookings, webhooks that came.
struct NoteStore: Sendable {
    /// An end that was heard of; the first stays.
    func note(_ end: OrderEnd, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO ended_orders (order_id, reason, fee, currency, ended_at)
            VALUES (\(end.orderID), \(end.reason.rawValue), \(end.fee?.amount ?? 0),
                    \(end.fee?.currency), \(end.endedAt))
            ON CONFLICT (order_id) DO NOTHING
            """)
    }

    /// Why an order came to nothing; `nil` while it did not.
    func end(of order: OrderID, in transaction: Transaction) throws -> VoidReason? {
        try transaction.first("SELECT reason FROM ended_orders WHERE order_id = \(order)")?
            .word("reason")
    }

    func book(
        _ order: OrderID, paidBy payment: PaymentID, total: Money, at confirmedAt: Date,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO bookings (order_id, payment_id, amount, currency, confirmed_at)
            VALUES (\(order), \(payment), \(total.amount), \(total.currency), \(confirmedAt))
            ON CONFLICT (order_id) DO NOTHING
            """)
    }

    /// Takes a webhook's event in hand; `false` when it came before.
    ///
    /// Providers give up after days; what is older than a month is forgotten, a little each time.
    func take(
        webhook id: String, of payment: PaymentID?, outcome: String, at now: Date,
        in transaction: Transaction
    ) throws -> Bool {
        let month = 30.0 * 86_400
        try transaction.execute(
            """
            DELETE FROM webhooks WHERE event_id IN (
                SELECT event_id FROM webhooks WHERE received_at < \(now - month)
                ORDER BY received_at LIMIT 2 \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
        return try transaction.rowsChanged(
            by: """
                INSERT INTO webhooks (event_id, payment_id, outcome, received_at)
                VALUES (\(id), \(payment), \(outcome), \(now))
                ON CONFLICT (event_id) DO NOTHING
                """) == 1
    }
}

/// An order that came to nothing, as Payment needs to know it.
struct OrderEnd: Sendable {
    let orderID: OrderID
    let reason: VoidReason
    /// What is kept of a cancelled order's money.
    let fee: Money?
    let endedAt: Date
}
