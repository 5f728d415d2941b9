import EventBus
import Events
import Foundation
import PaymentContract
import Storage

/// The one way into a payment's state: answers, webhooks, questions and administrators all come
/// through here, and whoever comes second is noted and changes nothing.
struct PaymentLedger: Sendable {
    let policy: PaymentPolicy
    let outbox: Outbox
    let now: @Sendable () -> Date
    let store = PaymentStore()
    let refunds = RefundStore()
    let notes = NoteStore()

    /// Enters what happened, and tells what follows from it.
    ///
    /// - Throws: ``PaymentError`` when it can't happen now; `StorageError`.
    @discardableResult
    func enter(
        _ occurrence: PaymentOccurrence, into id: PaymentID, from source: LedgerEntry.Source,
        reference: String? = nil, in transaction: Transaction
    ) throws -> Payment {
        guard var payment = try store.find(id, in: transaction) else { throw PaymentError.notFound }
        let version = payment.version
        let now = now().wholeMilliseconds
        let stay = try payment.apply(occurrence, at: now)
        payment.reference = payment.reference ?? reference
        let entry = LedgerEntry(
            number: payment.version, occurrence: occurrence, source: source, stay: stay?.rawValue,
            state: payment.state, at: now)
        try store.save(payment, after: version, entry, in: transaction)
        if stay == nil { try tell(occurrence, of: payment, at: now, in: transaction) }
        return payment
    }

    /// Takes in a payment as the provider tells it, its refunds included.
    ///
    /// - Parameter reason: why it was let go, if it was.
    /// - Throws: as ``enter(_:into:from:reference:in:)``.
    func take(
        _ view: ProviderPayment, from source: LedgerEntry.Source, voidedFor reason: VoidReason?,
        in transaction: Transaction
    ) throws {
        guard let payment = try store.find(view.id, in: transaction) else {
            throw PaymentError.notFound
        }
        guard view.amount.currency == payment.amount.currency else {
            // Nothing here can say what that is worth.
            if payment.state == .processing {
                try enter(.unknown, into: view.id, from: source, in: transaction)
            }
            return try store.setNeedsReview(view.id, in: transaction)
        }
        try enter(
            occurrence(of: view, voidedFor: reason), into: view.id, from: source,
            reference: view.reference, in: transaction)
        for refund in view.refunds {
            try take(refund, of: view.id, from: source, in: transaction)
        }
    }

    private func occurrence(
        of view: ProviderPayment, voidedFor reason: VoidReason?
    ) -> PaymentOccurrence {
        switch view.status {
        case .processing: .unknown
        case .authorized:
            .authorized(
                amount: view.amount.amount,
                until: (view.authorizedUntil ?? now() + policy.authorizationLifetime)
                    .wholeMilliseconds)
        case .captured: .captured(amount: view.capturedAmount)
        case .failed: .declined(FailureCode(provider: view.failureCode))
        case .voided:
            reason == .authorizationExpired ? .expired : .voided(reason ?? .provider)
        case .expired: .expired
        }
    }

    private func tell(
        _ occurrence: PaymentOccurrence, of payment: Payment, at now: Date,
        in transaction: Transaction
    ) throws {
        switch occurrence {
        case .started, .notSent, .captureSent, .refundStarted:
            return
        case .captured(let amount):
            try outbox.publish(
                payment.completed(.completed, payment.money(amount), at: now), in: transaction)
        case .declined:
            try outbox.publish(
                payment.completed(.failed, payment.amount, at: now), in: transaction)
        case .authorized(let amount, let until):
            try tellAuthorized(payment, amount, until: until, at: now, in: transaction)
        case .unknown:
            try outbox.publish(
                PaymentOutcomeUnknown(
                    paymentID: payment.id, orderID: payment.orderID, userID: payment.userID,
                    amount: payment.amount, since: now), in: transaction)
            try scheduleCheck(of: payment, round: 1, in: transaction)
        case .voided(let reason):
            try tellVoided(payment, reason, at: now, in: transaction)
        case .expired:
            try tellVoided(payment, .authorizationExpired, at: now, in: transaction)
        case .refunded(let id, let amount):
            try outbox.publish(
                payment.refunded(id, amount, failure: nil, at: now), in: transaction)
        case .refundFailed(let id, let amount, let code):
            try outbox.publish(
                payment.refunded(id, amount, failure: code, at: now), in: transaction)
        }
        PaymentMetrics.count(occurrence.kind, provider: payment.provider, after: transaction)
    }

    private func tellAuthorized(
        _ payment: Payment, _ amount: Int64, until: Date?, at now: Date,
        in transaction: Transaction
    ) throws {
        try outbox.publish(
            PaymentAuthorized(
                paymentID: payment.id, orderID: payment.orderID, userID: payment.userID,
                amount: payment.money(amount), expiresAt: until, authorizedAt: now),
            in: transaction)
        let check = payment.checkDue(round: 1)
        // What nobody waits for any more is let go at once.
        if try notes.end(of: payment.orderID, in: transaction) != nil {
            try outbox.publish(check, in: transaction)
        } else if let until {
            try outbox.publish(check, at: until, in: transaction)
        }
    }

    private func tellVoided(
        _ payment: Payment, _ reason: VoidReason, at now: Date, in transaction: Transaction
    ) throws {
        let amount = payment.authorizedAmount > 0 ? payment.authorizedAmount : payment.amount.amount
        try outbox.publish(
            PaymentVoided(
                paymentID: payment.id, orderID: payment.orderID, userID: payment.userID,
                amount: payment.money(amount), reason: reason.rawValue, voidedAt: now),
            in: transaction)
    }

    /// Has the provider asked later; `false` when it was asked often enough.
    @discardableResult
    func scheduleCheck(
        of payment: Payment, refund: RefundID? = nil, round: Int, in transaction: Transaction
    ) throws -> Bool {
        guard let delay = CheckSchedule.delay(before: round) else { return false }
        try outbox.publish(
            payment.checkDue(refund: refund, round: round), at: now() + delay, in: transaction)
        return true
    }
}

extension Payment {
    func checkDue(refund: RefundID? = nil, round: Int) -> PaymentCheckDue {
        PaymentCheckDue(paymentID: id, orderID: orderID, refundID: refund, round: round)
    }

    fileprivate func completed(
        _ status: PaymentCompleted.Status, _ amount: Money, at now: Date
    ) -> PaymentCompleted {
        PaymentCompleted(
            paymentID: id, orderID: orderID, userID: userID, amount: amount, status: status,
            failureReason: failure?.rawValue, completedAt: now, attempt: attempt)
    }

    fileprivate func refunded(
        _ id: RefundID, _ amount: Int64, failure: FailureCode?, at now: Date
    ) -> PaymentRefunded {
        PaymentRefunded(
            paymentID: self.id, orderID: orderID, userID: userID, refundID: id,
            amount: money(amount), refundedTotal: money(refundedAmount),
            status: failure == nil ? .completed : .failed, failureReason: failure?.rawValue,
            refundedAt: now)
    }
}

extension Date {
    static func + (date: Date, duration: Duration) -> Date {
        date.addingTimeInterval(duration / .seconds(1))
    }
}
