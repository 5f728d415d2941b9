import Events
import Foundation
import PaymentContract
import Storage

extension PaymentLedger {
    /// Takes in a refund as the provider tells it.
    ///
    /// - Throws: ``PaymentError/outOfOrder`` for the refund of what was not taken.
    func take(
        _ view: ProviderRefund, of id: PaymentID, from source: LedgerEntry.Source,
        in transaction: Transaction
    ) throws {
        guard
            var refund = try refunds.find(view.id, in: transaction)
                ?? adopt(view, of: id, from: source, in: transaction),
            refund.paymentID == id
        else { return }
        let was = refund.state
        refund.updatedAt = now().wholeMilliseconds
        switch view.status {
        case .processing:
            guard was == .processing else { return }
            try noteUnknown(refund, in: transaction)
        case .completed:
            refund.state = .completed
            guard try refunds.update(refund, in: transaction) else { return }
            try enter(
                .refunded(refund.id, amount: refund.amount.amount), into: id, from: source,
                in: transaction)
        case .failed:
            try fail(
                refund, FailureCode(provider: view.failureCode), from: source, in: transaction)
        }
    }

    /// Ends a refund without its money having gone back.
    func fail(
        _ refund: Refund, _ code: FailureCode, from source: LedgerEntry.Source,
        in transaction: Transaction
    ) throws {
        var refund = refund
        refund.state = .failed
        refund.failure = code
        refund.updatedAt = now().wholeMilliseconds
        guard try refunds.update(refund, in: transaction) else { return }
        try enter(
            .refundFailed(refund.id, amount: refund.amount.amount, code), into: refund.paymentID,
            from: source, in: transaction)
    }

    /// Notes that the provider did not say what became of a refund, and has it asked.
    func noteUnknown(_ refund: Refund, in transaction: Transaction) throws {
        var refund = refund
        refund.state = .unknown
        refund.updatedAt = now().wholeMilliseconds
        guard try refunds.update(refund, in: transaction),
            let payment = try store.find(refund.paymentID, in: transaction)
        else { return }
        try scheduleCheck(of: payment, refund: refund.id, round: 1, in: transaction)
    }

    /// A refund that was made at the provider's own desk becomes one of ours; `nil` when it is of
    /// more than is there, which only a person can make sense of.
    private func adopt(
        _ view: ProviderRefund, of id: PaymentID, from source: LedgerEntry.Source,
        in transaction: Transaction
    ) throws -> Refund? {
        guard view.status != .failed, let payment = try store.find(id, in: transaction) else {
            return nil
        }
        do {
            try enter(
                .refundStarted(view.id, amount: view.amount), into: id, from: source,
                in: transaction)
        } catch PaymentError.exceedsCaptured {
            try store.setNeedsReview(id, in: transaction)
            return nil
        } catch PaymentError.notCaptured {
            throw PaymentError.outOfOrder
        }
        let now = now().wholeMilliseconds
        let refund = Refund(
            id: view.id, paymentID: id, orderID: payment.orderID, userID: payment.userID,
            amount: payment.money(view.amount), reason: "provider", state: .processing,
            createdAt: now, updatedAt: now)
        _ = try refunds.insert(refund, in: transaction)
        return refund
    }
}
