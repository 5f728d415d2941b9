import Events
import Foundation
import PaymentContract
import Storage

let paymentMigrations = MigrationSet(
    component: "payment",
    migrations: [
        Migration(1, "create payments") { dialect in
            """
            CREATE TABLE payments (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                order_id \(dialect.uuid) NOT NULL UNIQUE,
                user_id \(dialect.uuid) NOT NULL,
                amount \(dialect.bigint) NOT NULL,
                currency TEXT NOT NULL,
                status TEXT NOT NULL,
                failure_reason TEXT,
                completed_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            """
        }
    ])

/// Payments as rows.
struct PaymentStore: Sendable {
    /// Inserts a payment; `false` when its order has one.
    func insert(_ payment: PaymentCompleted, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO payments (id, order_id, user_id, amount, currency, status,
                                      failure_reason, completed_at)
                VALUES (\(payment.paymentID), \(payment.orderID), \(payment.userID),
                        \(payment.amount.amount), \(payment.amount.currency),
                        \(payment.status.rawValue), \(payment.failureReason),
                        \(payment.completedAt))
                ON CONFLICT (order_id) DO NOTHING
                """) == 1
    }
}
