import Events
import Storage

/// What the simulated provider remembers between calls.
struct SimulationStore: Sendable {
    struct Record: Sendable {
        let amount: Money
        /// Whether it takes the money at once.
        let captures: Bool
        let questionCount: Int
        let capturedAmount: Int64?
        let isVoided: Bool
        let refunds: [RefundID: Int64]
    }

    /// Notes a call; a repeated one only counts.
    func charge(
        _ id: PaymentID, _ amount: Money, captures: Bool, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO simulated_payments (id, amount, currency, captures, call_count,
                                            question_count, captured_amount, is_voided)
            VALUES (\(id), \(amount.amount), \(amount.currency), \(captures), 1, 0, NULL, FALSE)
            ON CONFLICT (id) DO UPDATE SET call_count = simulated_payments.call_count + 1
            """)
    }

    func ask(_ id: PaymentID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE simulated_payments SET question_count = question_count + 1 WHERE id = \(id)
            """)
    }

    func capture(_ id: PaymentID, _ amount: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE simulated_payments SET captured_amount = \(amount)
            WHERE id = \(id) AND captured_amount IS NULL AND is_voided = FALSE
                AND captures = FALSE AND amount >= \(amount)
            """)
    }

    func void(_ id: PaymentID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE simulated_payments SET is_voided = TRUE
            WHERE id = \(id) AND captured_amount IS NULL AND captures = FALSE
            """)
    }

    func refund(
        _ id: RefundID, of payment: PaymentID, _ amount: Int64, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO simulated_refunds (id, payment_id, amount, call_count)
            VALUES (\(id), \(payment), \(amount), 1)
            ON CONFLICT (id) DO UPDATE SET call_count = simulated_refunds.call_count + 1
            """)
    }

    func find(_ id: PaymentID, in transaction: Transaction) throws -> Record? {
        let row = try transaction.first(
            """
            SELECT amount, currency, captures, question_count, captured_amount, is_voided
            FROM simulated_payments WHERE id = \(id)
            """)
        guard let row else { return nil }
        let refunds = try transaction.rows(
            "SELECT id, amount FROM simulated_refunds WHERE payment_id = \(id)"
        ).map { (try $0.get("id", as: RefundID.self), try $0.get("amount", as: Int64.self)) }
        return Record(
            amount: Money(amount: try row.get("amount"), currency: try row.get("currency")),
            captures: try row.get("captures"), questionCount: try row.get("question_count"),
            capturedAmount: try row.get("captured_amount"), isVoided: try row.get("is_voided"),
            refunds: Dictionary(uniqueKeysWithValues: refunds))
    }
}
