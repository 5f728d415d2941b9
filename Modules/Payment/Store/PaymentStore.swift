import Events
import Foundation
import Storage
import Web

/// Payments as rows, and their ledgers.
struct PaymentStore: Sendable {
    private static let columns: SQL = """
        id, order_id, attempt, user_id, amount, currency, provider, reference, state,
        authorized_amount, captured_amount, refunded_amount, refunding_amount, failure_code,
        authorized_until, needs_review, version, created_at, updated_at
        """

    /// Inserts a payment; `false` when its order has one of that attempt.
    func insert(_ payment: Payment, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO payments (\(Self.columns))
                VALUES (\(payment.id), \(payment.orderID), \(payment.attempt), \(payment.userID),
                        \(payment.amount.amount), \(payment.amount.currency), \(payment.provider),
                        \(payment.reference), \(payment.state.rawValue),
                        \(payment.authorizedAmount), \(payment.capturedAmount),
                        \(payment.refundedAmount), \(payment.refundingAmount),
                        \(payment.failure?.rawValue), \(payment.authorizedUntil),
                        \(payment.needsReview), \(payment.version), \(payment.createdAt),
                        \(payment.updatedAt))
                ON CONFLICT DO NOTHING
                """) == 1
    }

    func find(_ id: PaymentID, in transaction: Transaction) throws -> Payment? {
        try transaction.first("SELECT \(Self.columns) FROM payments WHERE id = \(id)")
            .map(Payment.init)
    }

    func payments(of order: OrderID, in transaction: Transaction) throws -> [Payment] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM payments WHERE order_id = \(order) ORDER BY attempt
            """
        ).map(Payment.init)
    }

    /// A page of payments, newest first, and one row more where there is one.
    func list(
        of order: OrderID?, in state: PaymentState?, _ page: PageRequest,
        in transaction: Transaction
    ) throws -> [Payment] {
        var sql: SQL = "SELECT \(Self.columns) FROM payments WHERE 1 = 1"
        if let order { sql = sql + " AND order_id = \(order)" }
        if let state { sql = sql + " AND state = \(state.rawValue)" }
        if let after = page.after {
            sql = sql + " AND (created_at, id) < (\(after.time), \(after.id))"
        }
        return try transaction.rows(
            sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        ).map(Payment.init)
    }

    /// Stores a payment that was read at an earlier version, with the entry that changed it.
    ///
    /// What goes back is bounded here once more: whatever was read, the row as it is now decides.
    ///
    /// - Throws: ``StalePayment`` when the row is another by now.
    func save(
        _ payment: Payment, after version: Int64, _ entry: LedgerEntry,
        in transaction: Transaction
    ) throws {
        let changed = try transaction.rowsChanged(
            by: """
                UPDATE payments SET reference = \(payment.reference),
                    state = \(payment.state.rawValue),
                    authorized_amount = \(payment.authorizedAmount),
                    captured_amount = \(payment.capturedAmount),
                    refunded_amount = \(payment.refundedAmount),
                    refunding_amount = \(payment.refundingAmount),
                    failure_code = \(payment.failure?.rawValue),
                    authorized_until = \(payment.authorizedUntil),
                    needs_review = \(payment.needsReview), version = \(payment.version),
                    updated_at = \(payment.updatedAt)
                WHERE id = \(payment.id) AND version = \(version)
                    AND captured_amount - refunded_amount - refunding_amount
                        >= \(reserved(by: entry))
                """)
        guard changed == 1 else { throw StalePayment(id: payment.id) }
        try append(entry, of: payment.id, in: transaction)
    }

    private func reserved(by entry: LedgerEntry) -> Int64 {
        guard case .refundStarted(_, let amount) = entry.occurrence else { return 0 }
        return amount
    }

    /// Marks that a person has to look, or that one did. It is no part of the ledger.
    func setNeedsReview(
        _ id: PaymentID, _ needsReview: Bool = true, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE payments SET needs_review = \(needsReview) WHERE id = \(id)")
    }

    private func append(
        _ entry: LedgerEntry, of id: PaymentID, in transaction: Transaction
    ) throws {
        let occurrence = entry.occurrence
        try transaction.execute(
            """
            INSERT INTO payment_ledger (payment_id, number, kind, amount, code, refund_id, until,
                                        source, stay, state, at)
            VALUES (\(id), \(entry.number), \(occurrence.kind.rawValue), \(occurrence.amount),
                    \(occurrence.code), \(occurrence.refundID), \(occurrence.until),
                    \(entry.source.rawValue), \(entry.stay), \(entry.state.rawValue), \(entry.at))
            """)
    }

    /// What happened to a payment, in order.
    func ledger(of id: PaymentID, in transaction: Transaction) throws -> [LedgerEntry] {
        try transaction.rows(
            """
            SELECT number, kind, amount, code, refund_id, until, source, stay, state, at
            FROM payment_ledger WHERE payment_id = \(id) ORDER BY number
            """
        ).map(LedgerEntry.init)
    }
}

/// A payment's row changed between its reading and its writing, which no engine lets happen inside
/// one transaction: a fault.
struct StalePayment: Error {
    let id: PaymentID
}

extension PaymentOccurrence {
    fileprivate var until: Date? {
        if case .authorized(_, let until) = self { until } else { nil }
    }
}

extension Payment {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row.get("id"), orderID: try row.get("order_id"),
            attempt: try row.get("attempt"), userID: try row.get("user_id"),
            amount: Money(amount: try row.get("amount"), currency: try row.get("currency")),
            provider: try row.get("provider"), createdAt: try row.get("created_at"))
        state = try row.word("state")
        authorizedAmount = try row.get("authorized_amount")
        capturedAmount = try row.get("captured_amount")
        refundedAmount = try row.get("refunded_amount")
        refundingAmount = try row.get("refunding_amount")
        failure = try row.failure("failure_code")
        authorizedUntil = try row.get("authorized_until")
        reference = try row.get("reference")
        needsReview = try row.get("needs_review")
        version = try row.get("version")
        updatedAt = try row.get("updated_at")
    }
}

extension LedgerEntry {
    fileprivate init(_ row: Row) throws {
        number = try row.get("number")
        occurrence = try PaymentOccurrence(row)
        source = try row.word("source")
        stay = try row.get("stay")
        state = try row.word("state")
        at = try row.get("at")
    }
}

extension PaymentOccurrence {
    fileprivate init(_ row: Row) throws {
        let kind: Kind = try row.word("kind")
        switch kind {
        case .started: self = .started
        case .notSent: self = .notSent
        case .authorized:
            self = .authorized(amount: try row.get("amount"), until: try row.get("until"))
        case .captured: self = .captured(amount: try row.get("amount"))
        case .declined: self = .declined(try row.failure("code") ?? .providerDeclined)
        case .unknown: self = .unknown
        case .captureSent: self = .captureSent(amount: try row.get("amount"))
        case .voided: self = .voided(try row.word("code"))
        case .expired: self = .expired
        case .refundStarted:
            self = .refundStarted(try row.get("refund_id"), amount: try row.get("amount"))
        case .refunded: self = .refunded(try row.get("refund_id"), amount: try row.get("amount"))
        case .refundFailed:
            self = .refundFailed(
                try row.get("refund_id"), amount: try row.get("amount"),
                try row.failure("code") ?? .providerDeclined)
        }
    }
}
