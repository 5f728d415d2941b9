import Storage

/// What can happen to an order. Commands may be refused; facts have happened, and are noted at
/// least.
enum Occurrence: String, SQLConvertible, CaseIterable, Sendable {
    // Commands.
    case placed
    case paymentRetried = "payment_retried"
    case cancelled
    case refundRequested = "refund_requested"
    case voucherIssued = "voucher_issued"
    case used
    case noShow = "no_show"
    // Facts of Order itself.
    case paymentRequested = "payment_requested"
    case deadlinePassed = "deadline_passed"
    // Facts of Product.
    case stockHeld = "stock_held"
    case stockRefused = "stock_refused"
    case stockAllocated = "stock_allocated"
    case stockReleased = "stock_released"
    // Facts of Payment.
    case paymentAuthorized = "payment_authorized"
    /// All that is due was taken.
    case paid
    /// Another sum was taken, or another currency.
    case paidOtherwise = "paid_otherwise"
    /// A second payment was taken, beside the one that covers the order.
    case paidTwice = "paid_twice"
    /// What is said of a payment was known before, or an attempt later than that is under way.
    case paymentRepeated = "payment_repeated"
    case paymentFailed = "payment_failed"
    case paymentUnknown = "payment_unknown"
    case paymentVoided = "payment_voided"
    case refundCompleted = "refund_completed"
    case refundFailed = "refund_failed"

    /// Whether somebody asks for it, so that it can be refused.
    var isCommand: Bool {
        switch self {
        case .placed, .paymentRetried, .cancelled, .refundRequested, .voucherIssued, .used,
            .noShow:
            true
        case .paymentRequested, .deadlinePassed, .stockHeld, .stockRefused, .stockAllocated,
            .stockReleased, .paymentAuthorized, .paid, .paidOtherwise, .paidTwice,
            .paymentRepeated, .paymentFailed, .paymentUnknown, .paymentVoided, .refundCompleted,
            .refundFailed:
            false
        }
    }
}

/// What the table says of a state and an occurrence.
indirect enum Outcome: Hashable, Sendable {
    /// The order goes on to a state.
    case move(OrderState)
    /// It stays where it is, and the timeline says why.
    case stays(Note)
    /// It can't be asked for.
    case refuse(TransitionRefusal)
    /// One or the other.
    case either(OrderGuard, then: Outcome, otherwise: Outcome)
}

/// What a transition looks at besides the state.
enum OrderGuard: String, CaseIterable, Sendable {
    /// What was taken is the total, in its currency.
    case isCovered = "all is paid"
    /// There is a further attempt to pay.
    case hasAttemptLeft = "an attempt is left"
    /// Nothing of what was taken is left with the house.
    case isAllRefunded = "all went back"
}

/// Why an order stays as it is.
enum Note: String, CaseIterable, Sendable {
    case isBeingPlaced = "is_being_placed"
    case alreadyKnown = "already_known"
    case alreadyEnded = "already_ended"
    case alreadyConfirmed = "already_confirmed"
    case waitsForStock = "waits_for_stock"
    case waitsForPayment = "waits_for_payment"
    case isPaid = "is_paid"
    case isNotPaid = "is_not_paid"
    case needsReview = "needs_review"
    case goesBack = "goes_back"
    case wentBack = "went_back"
    case isHeldAnew = "is_held_anew"
    case moneyOnly = "money_only"
}

/// Why something can't be asked of an order; the codes are API.
enum TransitionRefusal: String, CaseIterable, Sendable {
    case alreadyPlaced = "order.already_placed"
    case alreadyConfirmed = "order.already_confirmed"
    case alreadyCancelled = "order.already_cancelled"
    case notPayable = "order.not_payable"
    case attemptsExhausted = "order.attempts_exhausted"
    case notCancellable = "order.not_cancellable"
    case notRefundable = "order.not_refundable"
    case notFulfillable = "order.not_fulfillable"
}
