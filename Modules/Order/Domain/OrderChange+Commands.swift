import Events
import Foundation
import OrderContract

// What customers and administrators ask for.

extension OrderChange {
    /// Who calls an order off, as `OrderCancelled.reason` says it.
    enum CancellationReason: String, Sendable {
        case customer
        case administrator
        case customerDeleted = "customer_deleted"
    }

    /// What calling an order off would cost.
    struct CancellationTerms: Sendable, Hashable {
        let fee: Money
        let refund: Money
    }

    /// Tries to pay once more.
    mutating func retryPayment() throws(OrderError) {
        try take(.paymentRetried, .init(attempt: order.attempt + 1, amount: order.total))
        askForPayment()
    }

    /// Calls the order off; what was paid goes back, less the fee.
    mutating func cancel(
        because reason: CancellationReason, note: String? = nil, fees: CancellationFees?
    ) throws(OrderError) {
        let terms = terms(fees)
        let wasBooked = isBooked
        try take(
            .cancelled,
            .init(reason: reason.rawValue, amount: terms.refund, fee: terms.fee))
        end(because: reason.rawValue, note: note)
        order.fee = terms.fee
        if wasBooked { fulfil(.cancelled) }
        tellCancelled(fee: terms.fee.amount, refund: terms.refund.amount)
        if terms.refund.amount > 0, let payment = order.paymentID {
            refund(terms.refund, of: payment, because: .cancelled)
        }
    }

    /// What calling it off would cost now. What was taken and is under review, an administrator
    /// gives back.
    ///
    /// - Parameter fees: `nil` to keep nothing.
    func terms(_ fees: CancellationFees?) -> CancellationTerms {
        let currency = order.taken?.currency ?? order.total.currency
        let nothing = Money(amount: 0, currency: currency)
        guard let taken = order.taken, taken == order.total, let left = order.refundable else {
            return CancellationTerms(fee: nothing, refund: nothing)
        }
        let kept = fees?.fee(of: taken, startsAt: order.startsAt, at: now) ?? nothing
        // What went back before is not asked back.
        let fee = min(kept.amount, left.amount)
        return CancellationTerms(
            fee: Money(amount: fee, currency: currency),
            refund: Money(amount: left.amount - fee, currency: currency))
    }

    /// Gives part of the money back, or all of it.
    mutating func refundPart(_ amount: Money, note: String) throws(OrderError) {
        guard let payment = order.paymentID, let left = order.refundable, left.amount > 0 else {
            throw .nothingToRefund
        }
        guard amount.currency == left.currency, amount.amount <= left.amount else {
            throw .refundTooLarge
        }
        try take(
            .refundRequested,
            .init(
                reason: OrderRefund.Reason.goodwill.rawValue, paymentID: payment,
                amount: amount))
        refund(amount, of: payment, because: .goodwill, note: note)
    }

    /// The steps of a booking that an administrator notes.
    enum FulfilmentStep: String, CaseIterable, Sendable {
        case voucherIssued = "voucher_issued"
        case used
        case noShow = "no_show"
    }

    /// Takes the booking a step further.
    mutating func fulfil(_ step: FulfilmentStep) throws(OrderError) {
        switch step {
        case .voucherIssued:
            try take(.voucherIssued)
            fulfil(FulfilmentStatus.voucherIssued)
        case .used:
            try take(.used)
            fulfil(FulfilmentStatus.used)
        case .noShow:
            try take(.noShow)
            fulfil(FulfilmentStatus.noShow)
        }
    }

    /// Whether somebody is to come for it.
    var isBooked: Bool { order.state == .confirmed || order.state == .inFulfilment }

    mutating func fulfil(_ status: FulfilmentStatus) {
        events.append(
            OrderFulfilmentChanged(
                orderID: order.id, userID: order.userID,
                oldStatus: order.fulfilmentStatus.rawValue, newStatus: status.rawValue,
                changedAt: now))
        order.fulfilmentStatus = status
    }
}
