import Events
import Foundation

/// A payment as those see it who look after payments.
struct PaymentBody: Encodable, Sendable {
    let id: PaymentID
    let orderId: OrderID
    let userId: UserID
    let attempt: Int
    let amount: Money
    let state: String
    let authorizedAmount: Int64
    let capturedAmount: Int64
    let refundedAmount: Int64
    let refundingAmount: Int64
    let failure: Failure?
    let provider: String
    let providerReference: String?
    let authorizedUntil: Date?
    /// The provider was asked in vain: somebody has to look there.
    let needsReview: Bool
    let version: Int64
    let createdAt: Date
    let updatedAt: Date
    /// Oldest first; only of a payment that is shown alone.
    let ledger: [Entry]?
    let refunds: [RefundBody]?

    struct Failure: Encodable, Sendable {
        let code: String
        /// Whether another attempt may succeed.
        let retryable: Bool

        init(_ code: FailureCode) {
            self.code = code.rawValue
            retryable = code.isRetryable
        }
    }

    struct Entry: Encodable, Sendable {
        let number: Int64
        let kind: String
        let amount: Int64?
        let code: String?
        let refundId: RefundID?
        let source: String
        /// Why it changed nothing; absent when it did.
        let note: String?
        let state: String
        let at: Date
    }

    struct RefundBody: Encodable, Sendable {
        let id: RefundID
        let amount: Money
        let reason: String
        let state: String
        let failure: Failure?
        let needsReview: Bool
        let createdAt: Date
        let updatedAt: Date
    }

    init(_ payment: Payment, _ entries: [LedgerEntry]? = nil, _ refunds: [Refund]? = nil) {
        id = payment.id
        orderId = payment.orderID
        userId = payment.userID
        attempt = payment.attempt
        amount = payment.amount
        state = payment.state.rawValue
        authorizedAmount = payment.authorizedAmount
        capturedAmount = payment.capturedAmount
        refundedAmount = payment.refundedAmount
        refundingAmount = payment.refundingAmount
        failure = payment.failure.map(Failure.init)
        provider = payment.provider
        providerReference = payment.reference
        authorizedUntil = payment.authorizedUntil
        needsReview = payment.needsReview
        version = payment.version
        createdAt = payment.createdAt
        updatedAt = payment.updatedAt
        ledger = entries?.map { entry in
            Entry(
                number: entry.number, kind: entry.occurrence.kind.rawValue,
                amount: entry.occurrence.amount, code: entry.occurrence.code,
                refundId: entry.occurrence.refundID, source: entry.source.rawValue,
                note: entry.stay, state: entry.state.rawValue, at: entry.at)
        }
        self.refunds = refunds?.map { refund in
            RefundBody(
                id: refund.id, amount: refund.amount, reason: refund.reason,
                state: refund.state.rawValue, failure: refund.failure.map(Failure.init),
                needsReview: refund.needsReview, createdAt: refund.createdAt,
                updatedAt: refund.updatedAt)
        }
    }
}
