import Events
import Foundation
import Storage

/// Refunds as rows.
struct RefundStore: Sendable {
    private static let columns: SQL = """
        id, payment_id, order_id, user_id, amount, currency, reason, state, failure_code,
        needs_review, created_at, updated_at
        """

    /// Inserts a refund; `false` when it is known.
    func insert(_ refund: Refund, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO refunds (\(Self.columns))
                VALUES (\(refund.id), \(refund.paymentID), \(refund.orderID), \(refund.userID),
                        \(refund.amount.amount), \(refund.amount.currency), \(refund.reason),
                        \(refund.state.rawValue), \(refund.failure?.rawValue),
                        \(refund.needsReview), \(refund.createdAt), \(refund.updatedAt))
                ON CONFLICT (id) DO NOTHING
                """) == 1
    }

    func find(_ id: RefundID, in transaction: Transaction) throws -> Refund? {
        try transaction.first("SELECT \(Self.columns) FROM refunds WHERE id = \(id)")
            .map(Refund.init)
    }

    func refunds(of payment: PaymentID, in transaction: Transaction) throws -> [Refund] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM refunds WHERE payment_id = \(payment)
            ORDER BY created_at, id
            """
        ).map(Refund.init)
    }

    /// Moves a refund on; `false` when it had come to its end before.
    func update(_ refund: Refund, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE refunds SET state = \(refund.state.rawValue),
                    failure_code = \(refund.failure?.rawValue),
                    needs_review = \(refund.needsReview), updated_at = \(refund.updatedAt)
                WHERE id = \(refund.id) AND state IN ('processing', 'unknown')
                """) == 1
    }
}

extension Refund {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row.get("id"), paymentID: try row.get("payment_id"),
            orderID: try row.get("order_id"), userID: try row.get("user_id"),
            amount: Money(amount: try row.get("amount"), currency: try row.get("currency")),
            reason: try row.get("reason"), state: try row.word("state"),
            failure: try row.failure("failure_code"), needsReview: try row.get("needs_review"),
            createdAt: try row.get("created_at"), updatedAt: try row.get("updated_at"))
    }
}
