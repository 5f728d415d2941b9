import Crypto
import Events
import Foundation
import Storage

/// Charges nobody: nine of ten payments succeed, decided by the payment's id and a seed alone, so
/// that a repeated charge has the same answer on every machine. ``SimulatedAmount`` does otherwise.
///
/// What it was asked to do is kept in the module's own database, so that it answers after a restart
/// as before it.
struct SimulatedPaymentProvider: PaymentProvider {
    let name = "simulated"
    let seed: String
    /// Of a hundred.
    var successPercentage = 90
    let database: Database
    /// Where it tells outcomes besides answering, as webhooks do.
    var tell: @Sendable (ProviderPayment) async throws -> Void = { _ in }
    private let store = SimulationStore()

    init(seed: String, successPercentage: Int = 90, database: Database) {
        self.seed = seed
        self.successPercentage = successPercentage
        self.database = database
    }

    /// What becomes of a payment: `nil` for success.
    func failure(of payment: PaymentID, _ amount: Money) -> FailureCode? {
        if let magic = SimulatedAmount(amount) { return magic.failureCode }
        let digest = SHA256.hash(data: Data("\(seed)/\(payment)".utf8))
        let draw = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100
        return draw < UInt64(successPercentage) ? nil : .cardDeclined
    }

    func charge(_ charge: Charge) async throws -> ProviderPayment {
        let record = try await database.write { [store] transaction in
            try store.charge(
                charge.id, charge.amount, captures: charge.mode == .automatic, in: transaction)
            return try store.find(charge.id, in: transaction)
        }
        guard let record else { throw ProviderMishap.outcomeUnknown }
        let payment = view(of: charge.id, record)
        switch SimulatedAmount(record.amount) {
        case .timeoutThenSuccess, .timeoutThenFailure: throw ProviderMishap.outcomeUnknown
        case .toldTwice: try await tell(payment)
        case .cardDeclined, .insufficientFunds, .expiredCard, .lateSuccess, .refundTimeout,
            .success, nil:
            break
        }
        return payment
    }

    func capture(_ payment: PaymentID, _ amount: Money) async throws -> ProviderPayment {
        try await after(payment) { [store] in try store.capture(payment, amount.amount, in: $0) }
    }

    func void(_ payment: PaymentID) async throws -> ProviderPayment {
        try await after(payment) { [store] in try store.void(payment, in: $0) }
    }

    func refund(
        _ refund: RefundID, of payment: PaymentID, _ amount: Money
    ) async throws -> ProviderRefund {
        let view = try await after(payment) { [store] in
            try store.refund(refund, of: payment, amount.amount, in: $0)
        }
        if SimulatedAmount(view.amount) == .refundTimeout { throw ProviderMishap.outcomeUnknown }
        guard let refund = view.refunds.first(where: { $0.id == refund }) else {
            throw ProviderMishap.outcomeUnknown
        }
        return refund
    }

    func status(of payment: PaymentID) async throws -> ProviderPayment? {
        try await database.write { [store] transaction in
            try store.ask(payment, in: transaction)
            return try store.find(payment, in: transaction)
        }.map { view(of: payment, $0) }
    }

    private func after(
        _ payment: PaymentID, _ change: @escaping @Sendable (Transaction) throws -> Void
    ) async throws -> ProviderPayment {
        let record = try await database.write { [store] transaction in
            try change(transaction)
            return try store.find(payment, in: transaction)
        }
        guard let record else { throw ProviderMishap.outcomeUnknown }
        return view(of: payment, record)
    }

    private func view(of id: PaymentID, _ record: SimulationStore.Record) -> ProviderPayment {
        var view = ProviderPayment(id: id, status: .processing, amount: record.amount)
        view.reference = "sim_\(id)"
        if SimulatedAmount(record.amount) == .lateSuccess,
            record.questionCount < SimulatedAmount.lateQuestionCount
        {
            return view
        }
        if let failure = failure(of: id, record.amount) {
            view.status = .failed
            view.failureCode = failure.rawValue
            return view
        }
        view.capturedAmount = record.captures ? record.amount.amount : record.capturedAmount ?? 0
        view.status =
            record.isVoided ? .voided : view.capturedAmount > 0 ? .captured : .authorized
        view.refunds = record.refunds.map {
            ProviderRefund(id: $0.key, amount: $0.value, status: .completed)
        }.sorted { $0.id.description < $1.id.description }
        return view
    }
}
