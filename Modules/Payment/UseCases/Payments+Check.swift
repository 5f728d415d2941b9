import EventBus
import Events
import Foundation
import PaymentContract
import Storage

extension Payments {
    /// Asks the provider about what it did not say, and lets go of what was set aside too long.
    ///
    /// - Throws: `StorageError`; ``ProviderMishap`` when letting go fails.
    func check(_ due: PaymentCheckDue) async throws -> EffectHandler.Outcome {
        let (payment, refund, end) = try await database.read { transaction in
            (
                try store.find(due.paymentID, in: transaction),
                try due.refundID.flatMap { try refunds.find($0, in: transaction) },
                try notes.end(of: due.orderID, in: transaction)
            )
        }
        guard let payment else { return { _ in } }
        if due.refundID != nil {
            guard let refund, !refund.state.isFinal else { return { _ in } }
            return try await check(refund, of: payment, due)
        }
        switch payment.state {
        case .unknown, .processing:
            return try await checkOutcome(of: payment, due)
        case .authorized:
            return try await checkAuthorization(of: payment, of: end, due)
        case .initiated, .completed, .failed, .voided, .expired, .refunding, .partiallyRefunded,
            .refunded:
            return { _ in }
        }
    }

    /// What the provider says; `nil` when it says nothing.
    private func ask(_ id: PaymentID) async throws -> (known: ProviderPayment?, isThere: Bool) {
        do {
            return (try await provider.status(of: id), true)
        } catch is ProviderMishap {
            return (nil, false)
        }
    }

    private func checkOutcome(
        of payment: Payment, _ due: PaymentCheckDue
    ) async throws -> EffectHandler.Outcome {
        let answer = try await ask(payment.id)
        if let view = answer.known, view.status != .processing {
            return { [ledger] in try ledger.take(view, from: .question, voidedFor: nil, in: $0) }
        }
        if answer.isThere, answer.known == nil, isPastGrace(since: payment.updatedAt) {
            return { [ledger] in
                try ledger.enter(
                    .declined(.providerUnreachable), into: payment.id, from: .question, in: $0)
            }
        }
        return again(payment, due)
    }

    private func check(
        _ refund: Refund, of payment: Payment, _ due: PaymentCheckDue
    ) async throws -> EffectHandler.Outcome {
        let answer = try await ask(payment.id)
        let known = answer.known?.refunds.first { $0.id == refund.id }
        if let known, known.status != .processing {
            return { [ledger] in
                try ledger.take(known, of: payment.id, from: .question, in: $0)
            }
        }
        if answer.isThere, known == nil, isPastGrace(since: refund.updatedAt) {
            return { [ledger] in
                try ledger.fail(refund, .providerUnreachable, from: .question, in: $0)
            }
        }
        return again(payment, due)
    }

    private func checkAuthorization(
        of payment: Payment, of end: VoidReason?, _ due: PaymentCheckDue
    ) async throws -> EffectHandler.Outcome {
        let isOver = try await database.read { transaction in
            let now = try sharedNow(transaction)
            return payment.authorizedUntil.map { $0 <= now } ?? false
        }
        if end != nil || isOver {
            let view = try await provider.void(payment.id)
            let reason = end ?? .authorizationExpired
            return { [ledger] in
                try ledger.take(view, from: .question, voidedFor: reason, in: $0)
            }
        }
        // A capture was lost on its way, or money is set aside in peace.
        guard case .captureSent = try await lastOccurrence(to: payment.id) else { return { _ in } }
        let answer = try await ask(payment.id)
        guard let view = answer.known, view.status != .authorized, view.status != .processing else {
            return again(payment, due)
        }
        return { [ledger] in try ledger.take(view, from: .question, voidedFor: nil, in: $0) }
    }

    private func lastOccurrence(to id: PaymentID) async throws -> PaymentOccurrence? {
        try await database.read { try store.ledger(of: id, in: $0).last?.occurrence }
    }

    private func isPastGrace(since date: Date) -> Bool { date + CheckSchedule.grace <= now() }

    /// Asks once more later, or leaves it to a person.
    private func again(_ payment: Payment, _ due: PaymentCheckDue) -> EffectHandler.Outcome {
        { [ledger] transaction in
            let isScheduled = try ledger.scheduleCheck(
                of: payment, refund: due.refundID, round: due.round + 1, in: transaction)
            guard !isScheduled else { return }
            if let id = due.refundID, var refund = try ledger.refunds.find(id, in: transaction) {
                refund.needsReview = true
                _ = try ledger.refunds.update(refund, in: transaction)
            }
            try ledger.store.setNeedsReview(payment.id, in: transaction)
        }
    }
}
