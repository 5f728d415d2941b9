/// The one table of what may become of an order: every state with every occurrence.
///
/// There is no `default`, so that a new state or occurrence does not compile until each of its
/// pairs was thought of. docs/guides/order-states.md is written from it.
enum OrderTransitions {
    /// What becomes of an order in a state when something happens.
    static func outcome(of occurrence: Occurrence, in state: OrderState) -> Outcome {
        switch occurrence {
        case .placed, .paymentRetried, .cancelled, .refundRequested, .voucherIssued, .used,
            .noShow:
            command(occurrence, in: state)
        case .paymentRequested, .deadlinePassed, .stockHeld, .stockRefused, .stockAllocated,
            .stockReleased:
            course(occurrence, in: state)
        case .paymentAuthorized, .paid, .paidOtherwise, .paidTwice, .paymentRepeated,
            .paymentFailed, .paymentUnknown, .paymentVoided, .refundCompleted, .refundFailed:
            money(occurrence, in: state)
        }
    }

    private static func command(_ occurrence: Occurrence, in state: OrderState) -> Outcome {
        switch occurrence {
        case .placed: placed(in: state)
        case .paymentRetried: retried(in: state)
        case .cancelled: cancelled(in: state)
        case .refundRequested: refundRequested(in: state)
        case .voucherIssued: voucherIssued(in: state)
        case .used, .noShow: fulfilled(in: state)
        case .paymentRequested, .deadlinePassed, .stockHeld, .stockRefused, .stockAllocated,
            .stockReleased, .paymentAuthorized, .paid, .paidOtherwise, .paidTwice,
            .paymentRepeated, .paymentFailed, .paymentUnknown, .paymentVoided, .refundCompleted,
            .refundFailed:
            preconditionFailure("\(occurrence) is no command")
        }
    }

    private static func course(_ occurrence: Occurrence, in state: OrderState) -> Outcome {
        switch occurrence {
        case .paymentRequested: paymentRequested(in: state)
        case .deadlinePassed: deadlinePassed(in: state)
        case .stockHeld: stockHeld(in: state)
        case .stockRefused: stockRefused(in: state)
        case .stockAllocated: stockAllocated(in: state)
        case .stockReleased: stockReleased(in: state)
        case .placed, .paymentRetried, .cancelled, .refundRequested, .voucherIssued, .used,
            .noShow, .paymentAuthorized, .paid, .paidOtherwise, .paidTwice, .paymentRepeated,
            .paymentFailed, .paymentUnknown, .paymentVoided, .refundCompleted, .refundFailed:
            preconditionFailure("\(occurrence) is none of stock or time")
        }
    }

    private static func money(_ occurrence: Occurrence, in state: OrderState) -> Outcome {
        switch occurrence {
        case .paymentAuthorized, .paymentUnknown, .paymentVoided: undecided(in: state)
        case .paid: paid(in: state)
        case .paidOtherwise: paidOtherwise(in: state)
        case .paidTwice: .stays(.goesBack)
        case .paymentRepeated: .stays(.alreadyKnown)
        case .paymentFailed: paymentFailed(in: state)
        case .refundCompleted: refundCompleted(in: state)
        case .refundFailed: .stays(.moneyOnly)
        case .placed, .paymentRetried, .cancelled, .refundRequested, .voucherIssued, .used,
            .noShow, .paymentRequested, .deadlinePassed, .stockHeld, .stockRefused,
            .stockAllocated, .stockReleased:
            preconditionFailure("\(occurrence) is none of money")
        }
    }

    // MARK: - Commands

    private static func placed(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .move(.awaitingStock)
        case .awaitingStock, .reserved, .awaitingPayment, .confirmed, .inFulfilment, .completed,
            .rejected, .paymentFailed, .expired, .cancelled, .refunded:
            .refuse(.alreadyPlaced)
        }
    }

    private static func retried(in state: OrderState) -> Outcome {
        switch state {
        case .paymentFailed:
            .either(
                .hasAttemptLeft, then: .move(.awaitingPayment),
                otherwise: .refuse(.attemptsExhausted))
        case .confirmed, .inFulfilment, .completed: .refuse(.alreadyConfirmed)
        case .pending, .awaitingStock, .reserved, .awaitingPayment, .rejected, .expired,
            .cancelled, .refunded:
            .refuse(.notPayable)
        }
    }

    private static func cancelled(in state: OrderState) -> Outcome {
        switch state {
        case .awaitingStock, .reserved, .awaitingPayment, .paymentFailed, .confirmed,
            .inFulfilment:
            .move(.cancelled)
        case .cancelled: .refuse(.alreadyCancelled)
        case .pending, .completed, .rejected, .expired, .refunded: .refuse(.notCancellable)
        }
    }

    /// Whether there is anything to give back, the money itself says. What waits for its stock and
    /// is paid is cancelled instead: with a part gone it could not be confirmed.
    private static func refundRequested(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .refuse(.notRefundable)
        case .awaitingPayment:
            .either(.isCovered, then: .refuse(.notRefundable), otherwise: .stays(.goesBack))
        case .awaitingStock, .reserved, .paymentFailed, .confirmed, .inFulfilment, .completed,
            .rejected, .expired, .cancelled, .refunded:
            .stays(.goesBack)
        }
    }

    private static func voucherIssued(in state: OrderState) -> Outcome {
        switch state {
        case .confirmed: .move(.inFulfilment)
        case .pending, .awaitingStock, .reserved, .awaitingPayment, .inFulfilment, .completed,
            .rejected, .paymentFailed, .expired, .cancelled, .refunded:
            .refuse(.notFulfillable)
        }
    }

    private static func fulfilled(in state: OrderState) -> Outcome {
        switch state {
        case .inFulfilment: .move(.completed)
        case .pending, .awaitingStock, .reserved, .awaitingPayment, .confirmed, .completed,
            .rejected, .paymentFailed, .expired, .cancelled, .refunded:
            .refuse(.notFulfillable)
        }
    }

    // MARK: - Stock and time

    private static func paymentRequested(in state: OrderState) -> Outcome {
        switch state {
        case .reserved: .move(.awaitingPayment)
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock: .stays(.waitsForStock)
        case .awaitingPayment, .paymentFailed: .stays(.alreadyKnown)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    /// An order that is paid waits for its stock, however long: it ends confirmed or refused.
    private static func deadlinePassed(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved: .move(.expired)
        case .awaitingPayment:
            .either(.isCovered, then: .stays(.isPaid), otherwise: .move(.expired))
        case .paymentFailed: .move(.cancelled)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    private static func stockHeld(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock: .move(.reserved)
        case .reserved, .awaitingPayment, .paymentFailed: .stays(.alreadyKnown)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    private static func stockRefused(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .awaitingPayment, .paymentFailed: .move(.rejected)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    private static func stockAllocated(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingPayment:
            .either(.isCovered, then: .move(.confirmed), otherwise: .stays(.isNotPaid))
        case .awaitingStock, .reserved, .paymentFailed: .stays(.isNotPaid)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    /// The loss of a hold ends nothing: what is paid is held anew, and what is not expires.
    private static func stockReleased(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock: .stays(.waitsForStock)
        case .reserved, .awaitingPayment, .paymentFailed: .stays(.isHeldAnew)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    // MARK: - Money

    /// Set aside, let go, or nobody knows: of money alone, until it is taken.
    private static func undecided(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .awaitingPayment, .paymentFailed:
            .stays(.waitsForPayment)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    private static func paid(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .paymentFailed: .move(.awaitingPayment)
        case .awaitingPayment: .stays(.waitsForStock)
        case .confirmed, .inFulfilment, .completed, .rejected, .expired, .cancelled, .refunded:
            .stays(.goesBack)
        }
    }

    private static func paidOtherwise(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .awaitingPayment, .paymentFailed:
            .stays(.needsReview)
        case .confirmed, .inFulfilment, .completed, .rejected, .expired, .cancelled, .refunded:
            .stays(.goesBack)
        }
    }

    private static func paymentFailed(in state: OrderState) -> Outcome {
        switch state {
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .awaitingPayment: .move(.paymentFailed)
        case .paymentFailed: .stays(.alreadyKnown)
        case .confirmed, .inFulfilment, .completed: .stays(.alreadyConfirmed)
        case .rejected, .expired, .cancelled, .refunded: .stays(.alreadyEnded)
        }
    }

    private static func refundCompleted(in state: OrderState) -> Outcome {
        switch state {
        case .confirmed, .inFulfilment, .completed:
            .either(.isAllRefunded, then: .move(.refunded), otherwise: .stays(.moneyOnly))
        case .pending: .stays(.isBeingPlaced)
        case .awaitingStock, .reserved, .awaitingPayment, .paymentFailed: .stays(.moneyOnly)
        case .rejected, .expired, .cancelled, .refunded: .stays(.wentBack)
        }
    }
}
