import Events
import Foundation

/// A payment in the JSON of the provider's API, in answers and webhooks alike.
///
/// Only what is known is kept: texts of a provider may hold anything, a card number too.
struct ProviderPaymentBody: Decodable, Sendable {
    let id: PaymentID
    let status: ProviderPayment.Status
    let amount: Int64
    let currency: Currency
    let capturedAmount: Int64?
    let failureCode: String?
    let reference: String?
    let authorizedUntil: Date?
    let refunds: [ProviderRefundBody]?

    /// - Throws: ``BadProviderBody`` for amounts that can't be.
    func payment() throws -> ProviderPayment {
        let captured = capturedAmount ?? (status == .captured ? amount : 0)
        guard amount >= 0, captured >= 0, status != .captured || captured > 0 else {
            throw BadProviderBody()
        }
        var payment = ProviderPayment(
            id: id, status: status, amount: Money(amount: amount, currency: currency))
        payment.capturedAmount = captured
        payment.failureCode = failureCode
        payment.reference = reference.flatMap(Self.name)
        payment.authorizedUntil = authorizedUntil
        payment.refunds = try (refunds ?? []).map { try $0.refund() }
        return payment
    }

    /// A provider's name for a payment, where it is one and no card number.
    private static func name(_ text: String) -> String? {
        let isName =
            (1...100).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
        return isName && !CardNumberGuard.finds(in: text) ? text : nil
    }
}

/// A refund likewise.
struct ProviderRefundBody: Decodable, Sendable {
    let id: RefundID
    let amount: Int64
    let status: ProviderRefund.Status
    let failureCode: String?

    /// - Throws: ``BadProviderBody`` for an amount that can't be.
    func refund() throws -> ProviderRefund {
        guard amount > 0 else { throw BadProviderBody() }
        return ProviderRefund(id: id, amount: amount, status: status, failureCode: failureCode)
    }
}

/// What a provider sent makes no sense.
struct BadProviderBody: Error {}

/// What it is asked to charge.
struct ChargeBody: Encodable, Sendable {
    let id: PaymentID
    let orderId: OrderID
    let amount: Int64
    let currency: Currency
    let capture: String
}

/// What it is asked to take, or to give back.
struct AmountBody: Encodable, Sendable {
    var id: RefundID?
    let amount: Int64
    let currency: Currency
}
