import EventBus
import Events
import Foundation
import OrderContract

/// An order while something happens to it: what it becomes, what its timeline says of that, and
/// what is to be told. Nothing of it is true until it is saved.
struct OrderChange {
    var order: Order
    var refunds: [OrderRefund]
    var entries: [TimelineEntry] = []
    var events: [any Event] = []
    /// Notes to be let go when they are due.
    var deadlines: [OrderDeadlineDue] = []
    var outcomes: [OrderMetrics.Outcome] = []
    let actor: TimelineEntry.Actor
    let now: Date
    let paymentWindow: Duration

    init(
        _ order: Order, refunds: [OrderRefund] = [], by actor: TimelineEntry.Actor, at now: Date,
        paymentWindow: Duration
    ) {
        self.order = order
        self.refunds = refunds
        self.actor = actor
        self.now = now
        self.paymentWindow = paymentWindow
    }

    /// Asks the table, moves the order and writes its timeline.
    ///
    /// - Returns: what the table said, its guards answered.
    /// - Throws: ``OrderError/refused(_:)``; nothing is changed then.
    @discardableResult
    mutating func take(
        _ occurrence: Occurrence, _ detail: TimelineEntry.Detail = .init()
    ) throws(OrderError) -> Outcome {
        let outcome = answered(OrderTransitions.outcome(of: occurrence, in: order.state))
        var detail = detail
        let from = order.state
        switch outcome {
        case .move(let state): order.state = state
        case .stays(let note): detail.note = note.rawValue
        case .refuse(let refusal): throw .refused(refusal)
        case .either: preconditionFailure("a guard was not answered")
        }
        order.timelineCount += 1
        order.updatedAt = now
        entries.append(
            TimelineEntry(
                seq: order.timelineCount, at: now, occurrence: occurrence, from: from,
                to: order.state, actor: actor, detail: detail))
        return outcome
    }

    private func answered(_ outcome: Outcome) -> Outcome {
        guard case .either(let question, let then, let otherwise) = outcome else {
            return outcome
        }
        return answered(holds(question) ? then : otherwise)
    }

    private func holds(_ question: OrderGuard) -> Bool {
        switch question {
        case .isCovered: order.isCovered
        case .hasAttemptLeft: order.attempt < Order.attemptCountMax
        case .isAllRefunded: order.taken.map { order.refundedAmount >= $0.amount } ?? false
        }
    }

    private mutating func putOffDeadline() {
        let deadline = (now + paymentWindow.seconds).wholeMilliseconds
        order.deadline = deadline
        deadlines.append(OrderDeadlineDue(orderID: order.id, deadline: deadline))
    }
}

// MARK: - Placing, stock and time

extension OrderChange {
    /// The order is placed.
    mutating func place() throws(OrderError) {
        try take(.placed, .init(amount: order.total))
        putOffDeadline()
        events.append(order.created)
        outcomes.append(.placed)
    }

    /// Its stock is set aside: now it is to be paid.
    mutating func hold() throws(OrderError) {
        guard case .move = try take(.stockHeld) else { return }
        try take(.paymentRequested, .init(attempt: order.attempt + 1, amount: order.total))
        askForPayment()
    }

    /// Its stock can't be had, before or after it was paid.
    mutating func refuseStock(because reason: String) throws(OrderError) {
        guard case .move = try take(.stockRefused, .init(reason: reason)) else { return }
        let isPaid = order.paymentStatus == .paid
        end(because: reason)
        events.append(
            OrderRejected(
                orderID: order.id, userID: order.userID, reason: reason, rejectedAt: now))
        outcomes.append(.rejected)
        if isPaid { refundAll(because: .rejected) }
    }

    /// Its stock is its own: if it is paid, it is a booking.
    mutating func allocate() throws(OrderError) {
        guard case .move = try take(.stockAllocated) else { return }
        guard let paymentID = order.paymentID, let paid = order.taken else {
            preconditionFailure("an order was confirmed without a payment")
        }
        order.deadline = nil
        events.append(
            OrderConfirmed(
                orderID: order.id, number: order.number, userID: order.userID,
                kind: order.kind.rawValue, items: order.lines, total: paid,
                paymentID: paymentID, confirmedAt: now))
        outcomes.append(.confirmed)
    }

    /// Its stock is free again.
    mutating func release(because reason: String) throws(OrderError) {
        try take(.stockReleased, .init(reason: reason))
    }

    /// Its time is over.
    mutating func passDeadline() throws(OrderError) {
        guard case .move(let state) = try take(.deadlinePassed) else { return }
        if state == .expired {
            end(because: "deadline")
            events.append(
                OrderExpired(orderID: order.id, userID: order.userID, expiredAt: now))
            outcomes.append(.expired)
        } else {
            end(because: "payment_failed")
            tellCancelled(fee: 0, refund: 0)
        }
    }

    /// Begins the next attempt to pay.
    mutating func askForPayment() {
        order.attempt += 1
        order.paymentStatus = .pending
        putOffDeadline()
        events.append(
            OrderPaymentRequested(
                orderID: order.id, userID: order.userID, attempt: order.attempt,
                amount: order.total, payBy: order.deadline ?? now, requestedAt: now))
    }

    /// Nothing is waited for any more.
    mutating func end(because reason: String, note: String? = nil) {
        order.deadline = nil
        order.endReason = reason
        order.endNote = note
    }

    /// Says that it was called off.
    mutating func tellCancelled(fee: Int64, refund: Int64) {
        let currency = order.taken?.currency ?? order.total.currency
        events.append(
            OrderCancelled(
                orderID: order.id, userID: order.userID, reason: order.endReason ?? "",
                fee: Money(amount: fee, currency: currency),
                refund: Money(amount: refund, currency: currency), cancelledAt: now))
        outcomes.append(.cancelled)
    }
}
