import Events
import Foundation

/// One attempt to pay an order.
struct Payment: Sendable, Hashable {
    let id: PaymentID
    let orderID: OrderID
    /// 1 for the first.
    let attempt: Int
    let userID: UserID
    /// What was asked for.
    let amount: Money
    /// Who was asked: `simulated`, `http`.
    let provider: String
    let createdAt: Date
    var state = PaymentState.initiated
    var authorizedAmount: Int64 = 0
    var capturedAmount: Int64 = 0
    var refundedAmount: Int64 = 0
    /// What is on its way back.
    var refundingAmount: Int64 = 0
    var failure: FailureCode?
    /// When the provider lets go of what it set aside.
    var authorizedUntil: Date?
    /// The provider's own name for it.
    var reference: String?
    /// Its outcome was asked for so often that a person has to look.
    var needsReview = false
    /// The number of its last ledger entry.
    var version: Int64 = 1
    var updatedAt: Date

    init(
        id: PaymentID, orderID: OrderID, attempt: Int, userID: UserID, amount: Money,
        provider: String, createdAt: Date
    ) {
        self.id = id
        self.orderID = orderID
        self.attempt = attempt
        self.userID = userID
        self.amount = amount
        self.provider = provider
        self.createdAt = createdAt
        updatedAt = createdAt
    }

    /// What of the taken money neither went back nor is about to.
    var refundableAmount: Int64 { capturedAmount - refundedAmount - refundingAmount }

    func money(_ amount: Int64) -> Money { Money(amount: amount, currency: self.amount.currency) }

    /// Takes in what happened.
    ///
    /// - Returns: why nothing changed; `nil` when something did.
    /// - Throws: ``PaymentError`` when it can't happen now; nothing changed then.
    mutating func apply(
        _ occurrence: PaymentOccurrence, at now: Date
    ) throws(PaymentError) -> Stay? {
        let verdict = state.verdict(on: occurrence.kind)
        switch verdict {
        case .refused(let error): throw error
        case .stays: break
        case .goes(let next):
            state = next
            note(occurrence)
        case .settles:
            try settle(occurrence)
        }
        version += 1
        updatedAt = now
        if case .stays(let reason) = verdict { return reason }
        return nil
    }

    private mutating func note(_ occurrence: PaymentOccurrence) {
        switch occurrence {
        case .authorized(let amount, let until):
            authorizedAmount = amount
            authorizedUntil = until
            failure = nil
        case .captured(let amount):
            capturedAmount = amount
            authorizedAmount = max(authorizedAmount, amount)
            failure = nil
        case .declined(let code):
            failure = code
        case .started, .notSent, .unknown, .captureSent, .voided, .expired, .refundStarted,
            .refunded, .refundFailed:
            break
        }
        if state != .unknown { needsReview = false }
    }

    private mutating func settle(_ occurrence: PaymentOccurrence) throws(PaymentError) {
        switch occurrence {
        case .refundStarted(_, let amount):
            guard amount > 0, amount <= refundableAmount else { throw .exceedsCaptured }
            refundingAmount += amount
        case .refunded(_, let amount):
            guard amount <= refundingAmount else { throw .refundNotStarted }
            refundingAmount -= amount
            refundedAmount += amount
        case .refundFailed(_, let amount, _):
            guard amount <= refundingAmount else { throw .refundNotStarted }
            refundingAmount -= amount
        case .started, .notSent, .authorized, .captured, .declined, .unknown, .captureSent,
            .voided, .expired:
            preconditionFailure("only refunds settle")
        }
        state =
            refundingAmount > 0
            ? .refunding
            : refundedAmount == 0
                ? .completed : refundedAmount == capturedAmount ? .refunded : .partiallyRefunded
    }
}

/// One line of a payment's ledger.
struct LedgerEntry: Sendable, Hashable {
    /// From 2; the first is the payment's own beginning.
    let number: Int64
    let occurrence: PaymentOccurrence
    /// Who said so.
    let source: Source
    /// Why it changed nothing; `nil` when it did.
    let stay: String?
    /// Where the payment stood after it.
    let state: PaymentState
    let at: Date

    /// Where the word came from; never renamed.
    enum Source: String, Sendable {
        case answer, webhook, question, order, administrator
    }
}
