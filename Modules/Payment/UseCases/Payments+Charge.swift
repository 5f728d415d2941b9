import EventBus
import Events
import Foundation
import OrderContract
import Storage

extension Payments {
    private enum Beginning {
        case call(Charge)
        /// It was begun before, and the process that did died or was away: nobody knows whether it
        /// called.
        case ask(Charge)
        case over
    }

    /// Charges what an order asks for, once.
    ///
    /// That the provider is about to be called is on the disk before it is called. A crash on the
    /// way leads to a question, and to a call under the same id only where the provider says that
    /// it never heard of it.
    ///
    /// - Throws: ``ProviderMishap/notSent``, for the bus to try again; `StorageError`.
    func charge(_ request: OrderPaymentRequested) async throws -> EffectHandler.Outcome {
        switch try await begin(request) {
        case .over: return { _ in }
        case .call(let charge): return try await call(charge)
        case .ask(let charge):
            do {
                guard let view = try await provider.status(of: charge.id) else {
                    return try await call(charge)
                }
                return outcome(view)
            } catch ProviderMishap.outcomeUnknown {
                return unknown(charge.id)
            }
        }
    }

    private func begin(_ request: OrderPaymentRequested) async throws -> Beginning {
        let payment = Payment(
            id: PaymentID(of: request.orderID, attempt: request.attempt),
            orderID: request.orderID, attempt: request.attempt, userID: request.userID,
            amount: request.amount, provider: provider.name, createdAt: now().wholeMilliseconds)
        let charge = Charge(
            id: payment.id, orderID: payment.orderID, amount: payment.amount,
            mode: policy.captureMode)
        return try await database.write { transaction in
            _ = try store.insert(payment, in: transaction)
            guard let known = try store.find(payment.id, in: transaction) else { return .over }
            switch known.state {
            case .initiated:
                if let failure = try hindrance(to: request, in: transaction) {
                    try ledger.enter(
                        .declined(failure), into: payment.id, from: .order, in: transaction)
                    return .over
                }
                try ledger.enter(.started, into: payment.id, from: .order, in: transaction)
                return .call(charge)
            case .processing: return .ask(charge)
            case .authorized, .completed, .failed, .unknown, .voided, .expired, .refunding,
                .partiallyRefunded, .refunded:
                return .over
            }
        }
    }

    private func hindrance(
        to request: OrderPaymentRequested, in transaction: Transaction
    ) throws -> FailureCode? {
        if try notes.end(of: request.orderID, in: transaction) != nil { return .orderEnded }
        return request.payBy < (try sharedNow(transaction)) ? .paymentWindowOver : nil
    }

    private func call(_ charge: Charge) async throws -> EffectHandler.Outcome {
        do {
            return outcome(try await provider.charge(charge))
        } catch ProviderMishap.notSent {
            try await database.write { [ledger] transaction in
                _ = try ledger.enter(.notSent, into: charge.id, from: .answer, in: transaction)
            }
            throw ProviderMishap.notSent
        } catch ProviderMishap.outcomeUnknown {
            return unknown(charge.id)
        }
    }

    private func outcome(_ view: ProviderPayment) -> EffectHandler.Outcome {
        { [ledger] in try ledger.take(view, from: .answer, voidedFor: nil, in: $0) }
    }

    private func unknown(_ id: PaymentID) -> EffectHandler.Outcome {
        { [ledger] in try ledger.enter(.unknown, into: id, from: .answer, in: $0) }
    }
}
