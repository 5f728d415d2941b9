import Events
import Foundation
import Storage

/// What the reckoning reads: one row an order that was ever paid, booked or cancelled at a fee.
struct ReconciliationStore: Sendable {
    static let rowCountMax = 1_000

    /// What an order brought, and what it should have.
    struct Balance: Sendable {
        let orderID: OrderID
        let currency: Currency
        let isBooked: Bool
        let received: Int64
        let due: Int64
        let since: Date

        var difference: ReconciliationReport.Difference {
            let kind: ReconciliationReport.Kind =
                !isBooked ? .paidNotConfirmed : received == 0 ? .confirmedNotPaid : .amountsDiffer
            return ReconciliationReport.Difference(
                kind: kind, orderID: orderID, paymentID: nil, refundID: nil, currency: currency,
                received: received, due: due, since: since)
        }
    }

    /// Money on its way back counts as gone, and what was asked back as not due. What came too
    /// late, or twice, was never due; so its going back takes nothing from a booking.
    private static let balances: SQL = """
        WITH taken AS (
            SELECT order_id, currency,
                SUM(captured_amount - refunded_amount - refunding_amount) AS received,
                MAX(updated_at) AS since
            FROM payments WHERE captured_amount > 0 GROUP BY order_id, currency
        ), returned AS (
            SELECT order_id, currency, SUM(amount) AS amount FROM refunds
            WHERE state <> 'failed'
                AND reason NOT IN ('late_payment', 'duplicate_payment', 'rejected')
            GROUP BY order_id, currency
        ), places AS (
            SELECT order_id, currency FROM taken
            UNION SELECT order_id, currency FROM bookings
        ), balances AS (
            SELECT places.order_id AS order_id, places.currency AS currency,
                COALESCE(taken.received, 0) AS received,
                CASE
                    WHEN bookings.order_id IS NOT NULL
                        THEN bookings.amount - COALESCE(returned.amount, 0)
                    ELSE COALESCE(ended_orders.fee, 0)
                END AS due,
                CASE WHEN bookings.order_id IS NULL THEN 0 ELSE 1 END AS is_booked,
                CASE
                    WHEN taken.since IS NULL OR bookings.confirmed_at > taken.since
                        THEN bookings.confirmed_at
                    ELSE taken.since
                END AS since
            FROM places
            LEFT JOIN taken ON taken.order_id = places.order_id
                AND taken.currency = places.currency
            LEFT JOIN bookings ON bookings.order_id = places.order_id
                AND bookings.currency = places.currency
            LEFT JOIN returned ON returned.order_id = places.order_id
                AND returned.currency = places.currency
            LEFT JOIN ended_orders ON ended_orders.order_id = places.order_id
                AND ended_orders.currency = places.currency
        )

        """

    /// Oldest first. All of them: the sums need each, and there are few in a world that is well.
    func differingOrders(in transaction: Transaction) throws -> [Balance] {
        try transaction.rows(
            Self.balances + """
                SELECT order_id, currency, CAST(received AS bigint) AS received,
                    CAST(due AS bigint) AS due, is_booked, since
                FROM balances WHERE received <> due ORDER BY since, order_id
                """
        ).map { row in
            Balance(
                orderID: try row.get("order_id"), currency: try row.get("currency"),
                isBooked: try row.get("is_booked", as: Int.self) == 1,
                received: try row.get("received"), due: try row.get("due"),
                since: try row.get("since"))
        }
    }

    func totals(
        in transaction: Transaction
    ) throws -> [(currency: Currency, received: Int64, due: Int64)] {
        try transaction.rows(
            Self.balances + """
                SELECT currency, CAST(SUM(received) AS bigint) AS received,
                    CAST(SUM(due) AS bigint) AS due
                FROM balances GROUP BY currency ORDER BY currency
                """
        ).map { (try $0.get("currency"), try $0.get("received"), try $0.get("due")) }
    }

    /// Payments whose outcome nobody knows, for too long.
    func openPayments(
        before limit: Date, in transaction: Transaction
    ) throws -> [ReconciliationReport.Difference] {
        try transaction.rows(
            """
            SELECT id, order_id, currency, amount, captured_amount, needs_review, created_at
            FROM payments
            WHERE (state IN ('processing', 'unknown') AND created_at <= \(limit))
                OR needs_review = TRUE
            ORDER BY created_at LIMIT \(Self.rowCountMax)
            """
        ).map { row in
            ReconciliationReport.Difference(
                kind: try row.get("needs_review") ? .needsReview : .outcomeUnknown,
                orderID: try row.get("order_id"), paymentID: try row.get("id"), refundID: nil,
                currency: try row.get("currency"), received: try row.get("captured_amount"),
                due: try row.get("amount"), since: try row.get("created_at"))
        }
    }

    /// Refunds that are under way for too long, or failed and were not asked for again.
    func openRefunds(
        before limit: Date, in transaction: Transaction
    ) throws -> [ReconciliationReport.Difference] {
        try transaction.rows(
            """
            SELECT id, order_id, payment_id, currency, amount, state, created_at FROM refunds
            WHERE (state IN ('processing', 'unknown') AND created_at <= \(limit))
                OR (state = 'failed' AND NOT EXISTS (
                    SELECT 1 FROM refunds AS later
                    WHERE later.payment_id = refunds.payment_id AND later.state <> 'failed'
                        AND later.amount >= refunds.amount
                        AND later.created_at >= refunds.created_at))
            ORDER BY created_at LIMIT \(Self.rowCountMax)
            """
        ).map { row in
            ReconciliationReport.Difference(
                kind: try row.get("state", as: String.self) == Refund.State.failed.rawValue
                    ? .refundFailed : .refundStuck,
                orderID: try row.get("order_id"), paymentID: try row.get("payment_id"),
                refundID: try row.get("id"), currency: try row.get("currency"),
                received: try row.get("amount"), due: 0, since: try row.get("created_at"))
        }
    }

    /// Takes the turn of a reckoning; `false` when it is not due or another process has it.
    func take(
        _ name: String, dueAt now: Date, next: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO reconciliation (name, due_at) VALUES (\(name), \(next))
                ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at
                WHERE reconciliation.due_at <= \(now)
                """) == 1
    }
}
