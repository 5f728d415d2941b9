import Events
import Foundation

/// Whoever moves the money.
///
/// Every call carries the id of what it does. A call that is made again under the same id does
/// nothing and gives the first answer once more; that is what makes crashes and zombies harmless.
protocol PaymentProvider: Sendable {
    /// Its name in rows and metrics.
    var name: String { get }

    /// Takes an amount, or sets it aside.
    ///
    /// - Throws: ``ProviderMishap``.
    func charge(_ charge: Charge) async throws -> ProviderPayment

    /// Takes what was set aside, or a part of it, once.
    ///
    /// - Throws: ``ProviderMishap``.
    func capture(_ payment: PaymentID, _ amount: Money) async throws -> ProviderPayment

    /// Lets go of what was set aside.
    ///
    /// - Throws: ``ProviderMishap``.
    func void(_ payment: PaymentID) async throws -> ProviderPayment

    /// Gives back.
    ///
    /// - Throws: ``ProviderMishap``.
    func refund(
        _ refund: RefundID, of payment: PaymentID, _ amount: Money
    ) async throws -> ProviderRefund

    /// Where a payment stands; `nil` when the provider never heard of it.
    ///
    /// - Throws: ``ProviderMishap``.
    func status(of payment: PaymentID) async throws -> ProviderPayment?
}

/// What a provider is to charge.
struct Charge: Sendable, Hashable {
    let id: PaymentID
    let orderID: OrderID
    let amount: Money
    /// Whether the money is taken at once, or only set aside.
    let mode: CaptureMode
}

/// When money is taken.
enum CaptureMode: String, Sendable, CaseIterable {
    case automatic
    case manual
}

/// A payment as the provider knows it: each answer, question and webhook tells it whole.
struct ProviderPayment: Sendable, Hashable {
    let id: PaymentID
    var status: Status
    var amount: Money
    var capturedAmount: Int64 = 0
    var failureCode: String?
    var reference: String?
    var authorizedUntil: Date?
    var refunds: [ProviderRefund] = []

    enum Status: String, Sendable, Codable {
        /// It does not know yet itself.
        case processing
        case authorized, captured, failed, voided, expired
    }
}

/// A refund as the provider knows it.
struct ProviderRefund: Sendable, Hashable {
    let id: RefundID
    var amount: Int64
    var status: Status
    var failureCode: String?

    enum Status: String, Sendable, Codable {
        case processing, completed, failed
    }
}

/// Why a call brought no answer.
enum ProviderMishap: Error, Sendable, Hashable {
    /// It surely was not carried out: it may be made again.
    case notSent
    /// It may have been carried out, or not.
    case outcomeUnknown
}
