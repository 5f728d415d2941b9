import EventBus
import Events
import Foundation
import OrderContract
import PaymentContract
import Storage

extension Payments {
    /// Gives back what an order asks to give back, once.
    ///
    /// - Throws: ``ProviderMishap/notSent``, for the bus to try again; `StorageError`.
    func refund(_ request: OrderRefundRequested) async throws -> EffectHandler.Outcome {
        let state = try await database.write { try begin(request, in: $0) }
        guard let isNew = state else { return { _ in } }
        do {
            if !isNew, let view = try await known(request) { return outcome(view, of: request) }
            let view = try await provider.refund(
                request.refundID, of: request.paymentID, request.amount)
            return outcome(view, of: request)
        } catch ProviderMishap.outcomeUnknown {
            return { [ledger] transaction in
                guard let refund = try ledger.refunds.find(request.refundID, in: transaction),
                    refund.state == .processing
                else { return }
                try ledger.noteUnknown(refund, in: transaction)
            }
        }
    }

    private func known(_ request: OrderRefundRequested) async throws -> ProviderRefund? {
        try await provider.status(of: request.paymentID)?.refunds
            .first { $0.id == request.refundID }
    }

    private func outcome(
        _ view: ProviderRefund, of request: OrderRefundRequested
    ) -> EffectHandler.Outcome {
        { [ledger] in try ledger.take(view, of: request.paymentID, from: .answer, in: $0) }
    }

    /// Sets the money of a refund apart from what else may go back.
    ///
    /// - Returns: whether it is new; `nil` when there is nothing to call for.
    private func begin(
        _ request: OrderRefundRequested, in transaction: Transaction
    ) throws -> Bool? {
        if let known = try refunds.find(request.refundID, in: transaction) {
            // What is unknown is asked about by `payment.checks`.
            return known.state == .processing ? false : nil
        }
        let failure = try reserve(request, in: transaction)
        let now = now().wholeMilliseconds
        _ = try refunds.insert(
            Refund(
                id: request.refundID, paymentID: request.paymentID, orderID: request.orderID,
                userID: request.userID, amount: request.amount, reason: request.reason,
                state: failure == nil ? .processing : .failed, failure: failure, createdAt: now,
                updatedAt: now), in: transaction)
        guard let failure else { return true }
        try refuse(request, failure, at: now, in: transaction)
        return nil
    }

    private func reserve(
        _ request: OrderRefundRequested, in transaction: Transaction
    ) throws -> FailureCode? {
        guard let payment = try store.find(request.paymentID, in: transaction),
            payment.orderID == request.orderID
        else { return .unknownPayment }
        guard payment.amount.currency == request.amount.currency else { return .currencyMismatch }
        do {
            try ledger.enter(
                .refundStarted(request.refundID, amount: request.amount.amount),
                into: payment.id, from: .order, in: transaction)
            return nil
        } catch PaymentError.exceedsCaptured {
            return .exceedsCaptured
        } catch PaymentError.notCaptured {
            return .notCaptured
        }
    }

    private func refuse(
        _ request: OrderRefundRequested, _ failure: FailureCode, at now: Date,
        in transaction: Transaction
    ) throws {
        let payment = try store.find(request.paymentID, in: transaction)
        let total = payment.map { $0.money($0.refundedAmount) }
        try outbox.publish(
            PaymentRefunded(
                paymentID: request.paymentID, orderID: request.orderID, userID: request.userID,
                refundID: request.refundID, amount: request.amount,
                refundedTotal: total ?? Money(amount: 0, currency: request.amount.currency),
                status: .failed, failureReason: failure.rawValue, refundedAt: now),
            in: transaction)
        PaymentMetrics.count(.refundFailed, provider: provider.name, after: transaction)
    }
}
