import Crypto
import Events
import Foundation

/// Whoever moves the money.
protocol PaymentProvider: Sendable {
    /// Charges an amount. A payment id that was charged before is not charged again: the first
    /// answer is given once more.
    ///
    /// - Throws: when the outcome is not known; the same call may be made later.
    func charge(_ payment: PaymentID, _ amount: Money) async throws -> ChargeResult
}

/// A provider's answer.
enum ChargeResult: Sendable, Hashable {
    case completed
    /// Refused, with a machine code.
    case failed(reason: String)
}

/// Charges nobody: nine of ten payments succeed, decided by the payment's id and a seed alone, so
/// that a repeated charge has the same answer on every machine.
struct SimulatedPaymentProvider: PaymentProvider {
    /// Of a hundred.
    private static let successPercentage: UInt64 = 90

    let seed: String

    func charge(_ payment: PaymentID, _ amount: Money) -> ChargeResult {
        let digest = SHA256.hash(data: Data("\(seed)/\(payment)".utf8))
        let draw = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100
        return draw < Self.successPercentage ? .completed : .failed(reason: "card_declined")
    }
}

extension PaymentID {
    /// The payment of an order: made from the order's id, so that a redelivered order is charged
    /// under the same id. A UUIDv8 (RFC 9562, section 5.8) over SHA-256.
    init(of order: OrderID) {
        var bytes = Array(SHA256.hash(data: Data("flotilla/payment/\(order)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        self.init(
            UUID(
                uuid: (
                    bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                    bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14],
                    bytes[15]
                )))
    }
}
