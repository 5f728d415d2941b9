import EventBus
import Events
import Storage
import Web

extension Payments {
    /// What an administrator's command comes to, in the transaction that answers.
    typealias Ending = @Sendable (Transaction) throws -> Payment

    /// Takes what is set aside, or a part of it: what is left is let go by the provider.
    ///
    /// - Throws: ``PaymentError``; `Problem` 412.
    func capture(
        _ id: PaymentID, _ amount: Int64?, if condition: VersionCondition?
    ) async throws -> Ending {
        let payment = try await database.write { transaction in
            let payment = try authorized(id, if: condition, in: transaction)
            let amount = amount ?? payment.authorizedAmount
            guard amount <= payment.authorizedAmount else { throw PaymentError.exceedsAuthorized }
            return try ledger.enter(
                .captureSent(amount: amount), into: id, from: .administrator, in: transaction)
        }
        let wanted = payment.money(amount ?? payment.authorizedAmount)
        return try await ending(payment, in: .captured) {
            try await provider.capture(id, wanted)
        }
    }

    /// Lets go of what is set aside.
    ///
    /// - Throws: ``PaymentError``; `Problem` 412.
    func void(_ id: PaymentID, if condition: VersionCondition?) async throws -> Ending {
        let payment = try await database.read { try authorized(id, if: condition, in: $0) }
        return try await ending(payment, in: .voided) { try await provider.void(id) }
    }

    /// Has the provider asked anew about all of a payment that is not known, and takes away the
    /// mark that somebody has to look.
    func review(_ id: PaymentID, in transaction: Transaction) throws -> Payment {
        guard let payment = try store.find(id, in: transaction) else {
            throw PaymentError.notFound
        }
        try store.setNeedsReview(id, false, in: transaction)
        if payment.state == .unknown || payment.state == .processing {
            try outbox.publish(payment.checkDue(round: 1), in: transaction)
        }
        for var refund in try refunds.refunds(of: id, in: transaction) where !refund.state.isFinal {
            refund.needsReview = false
            _ = try refunds.update(refund, in: transaction)
            try outbox.publish(payment.checkDue(refund: refund.id, round: 1), in: transaction)
        }
        return try store.find(id, in: transaction) ?? payment
    }

    private func authorized(
        _ id: PaymentID, if condition: VersionCondition?, in transaction: Transaction
    ) throws -> Payment {
        guard let payment = try store.find(id, in: transaction) else { throw PaymentError.notFound }
        if let condition, !condition.admits(payment.version) { throw Problem.versionMismatch }
        guard payment.state == .authorized else { throw PaymentError.notAuthorized }
        return payment
    }

    /// - Parameter status: what the command is to come to. When another one was quicker, what is so
    ///   is noted, and nobody is told that they did it.
    private func ending(
        _ payment: Payment, in status: ProviderPayment.Status,
        _ call: () async throws -> ProviderPayment
    ) async throws -> Ending {
        let view: ProviderPayment?
        do {
            view = try await call()
        } catch ProviderMishap.notSent {
            throw PaymentError.providerAway
        } catch is ProviderBusy {
            throw PaymentError.providerAway
        } catch ProviderMishap.outcomeUnknown {
            view = nil
        }
        if let view, view.status != status, view.status != .processing {
            try await database.write { [ledger] transaction in
                try ledger.take(
                    view, from: .administrator, voidedFor: .administrator, in: transaction)
            }
            throw PaymentError.notAuthorized
        }
        return { [ledger] transaction in
            if let view {
                try ledger.take(
                    view, from: .administrator, voidedFor: .administrator, in: transaction)
            } else {
                try ledger.scheduleCheck(of: payment, round: 1, in: transaction)
            }
            guard let payment = try ledger.store.find(payment.id, in: transaction) else {
                throw PaymentError.notFound
            }
            return payment
        }
    }
}
