import Events
import Foundation
import OrderContract
import PaymentContract

// The payment's axis: each fact is noted, and what it means for the order the table says.

extension OrderChange {
    /// Money was set aside.
    mutating func authorize(_ event: PaymentAuthorized) throws(OrderError) {
        try note(.paymentAuthorized, .authorized, of: event.paymentID, event.amount)
    }

    /// Nobody knows what became of a payment.
    mutating func loseSight(_ event: PaymentOutcomeUnknown) throws(OrderError) {
        try note(.paymentUnknown, .unknown, of: event.paymentID, event.amount)
    }

    /// Money that was set aside was let go.
    mutating func void(_ event: PaymentVoided) throws(OrderError) {
        try note(
            .paymentVoided, .voided, of: event.paymentID, event.amount, reason: event.reason)
    }

    /// A payment came to its end.
    mutating func complete(_ event: PaymentCompleted) throws(OrderError) {
        switch event.status {
        case .completed: try pay(event)
        case .failed: try fail(event)
        }
    }

    private mutating func note(
        _ occurrence: Occurrence, _ status: PaymentStatus, of payment: PaymentID,
        _ amount: Money, reason: String? = nil
    ) throws(OrderError) {
        let detail = TimelineEntry.Detail(reason: reason, paymentID: payment, amount: amount)
        // Once money was taken, what came before it is known better.
        guard order.taken == nil else {
            try take(.paymentRepeated, detail)
            return
        }
        try take(occurrence, detail)
        order.paymentID = payment
        order.paymentStatus = status
    }

    private mutating func pay(_ event: PaymentCompleted) throws(OrderError) {
        let detail = TimelineEntry.Detail(
            attempt: event.attempt, paymentID: event.paymentID, amount: event.amount)
        guard let taken = order.taken else {
            try takeMoney(event, detail)
            return
        }
        // Orders of old were paid without the payment being written down.
        let isTheSame = order.paymentID == nil && taken == event.amount
        if isTheSame { order.paymentID = event.paymentID }
        let isKnown =
            order.paymentID == event.paymentID
            || refunds.contains { $0.paymentID == event.paymentID }
        guard !isKnown else {
            try take(.paymentRepeated, detail)
            return
        }
        try take(.paidTwice, detail)
        refund(event.amount, of: event.paymentID, because: .duplicatePayment)
    }

    private mutating func takeMoney(
        _ event: PaymentCompleted, _ detail: TimelineEntry.Detail
    ) throws(OrderError) {
        let isWhole = event.amount == order.total
        let outcome = try take(isWhole ? .paid : .paidOtherwise, detail)
        order.paymentID = event.paymentID
        order.taken = event.amount
        order.paymentStatus = isWhole ? .paid : .review
        if outcome == .stays(.goesBack) {
            refundAll(because: .latePayment)
        } else if isWhole {
            events.append(
                OrderPaid(
                    orderID: order.id, userID: order.userID, paymentID: event.paymentID,
                    items: order.lines, amount: event.amount, paidAt: now))
        }
    }

    private mutating func fail(_ event: PaymentCompleted) throws(OrderError) {
        let detail = TimelineEntry.Detail(
            reason: event.failureReason, attempt: event.attempt, paymentID: event.paymentID,
            amount: event.amount)
        // Events of old do not count attempts; there was one.
        guard order.taken == nil, event.attempt ?? 1 >= order.attempt else {
            try take(.paymentRepeated, detail)
            return
        }
        let outcome = try take(.paymentFailed, detail)
        order.paymentID = event.paymentID
        order.paymentStatus = .failed
        if case .move = outcome { outcomes.append(.paymentFailed) }
    }
}

// MARK: - Refunds

extension OrderChange {
    /// Asks for money to go back.
    mutating func refund(
        _ amount: Money, of payment: PaymentID, because reason: OrderRefund.Reason,
        note: String? = nil
    ) {
        let refund = OrderRefund(
            id: RefundID(), paymentID: payment, amount: amount, reason: reason,
            status: .requested, requestedAt: now, note: note)
        refunds.append(refund)
        takeStock()
        events.append(
            OrderRefundRequested(
                orderID: order.id, userID: order.userID, paymentID: payment,
                refundID: refund.id, amount: amount, reason: reason.rawValue,
                requestedAt: now))
    }

    /// Asks for all that is left to go back.
    mutating func refundAll(because reason: OrderRefund.Reason) {
        guard let payment = order.paymentID, let left = order.refundable, left.amount > 0 else {
            return
        }
        refund(left, of: payment, because: reason)
    }

    /// A refund came to its end.
    mutating func settleRefund(_ event: PaymentRefunded) throws(OrderError) {
        let status: OrderRefund.Status = event.status == .completed ? .completed : .failed
        let detail = TimelineEntry.Detail(
            reason: event.failureReason, paymentID: event.paymentID, refundID: event.refundID,
            amount: event.amount)
        if let index = refunds.firstIndex(where: { $0.id == event.refundID }) {
            // What went back did go back, whatever is said later.
            guard refunds[index].status != status, refunds[index].status != .completed else {
                try take(.paymentRepeated, detail)
                return
            }
            refunds[index].status = status
        } else {
            refunds.append(
                OrderRefund(
                    id: event.refundID, paymentID: event.paymentID, amount: event.amount,
                    reason: .provider, status: status, requestedAt: event.refundedAt))
        }
        takeStock()
        let wasBooked = isBooked
        let outcome = try take(
            status == .completed ? .refundCompleted : .refundFailed, detail)
        guard case .move = outcome else { return }
        end(because: "refunded")
        // Nobody comes any more: others may have the pieces.
        if wasBooked {
            fulfil(.cancelled)
            tellCancelled(fee: 0, refund: 0)
        }
    }

    /// Adds up what went back of the payment that covers the order; others are not its own.
    private mutating func takeStock() {
        guard let taken = order.taken else { return }
        let own = refunds.filter {
            $0.paymentID == order.paymentID && $0.amount.currency == taken.currency
        }
        func sum(_ status: OrderRefund.Status) -> Int64 {
            own.filter { $0.status == status }.reduce(0) { $0 + $1.amount.amount }
        }
        guard !own.isEmpty else { return }
        order.refundedAmount = sum(.completed)
        order.refundPendingAmount = sum(.requested)
        order.paymentStatus =
            if order.refundPendingAmount > 0 {
                .refundPending
            } else if order.refundedAmount >= taken.amount {
                .refunded
            } else if order.refundedAmount > 0 {
                .partiallyRefunded
            } else {
                taken == order.total ? .paid : .review
            }
    }
}
