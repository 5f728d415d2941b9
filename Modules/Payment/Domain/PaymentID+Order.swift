import Crypto
import Events
import Foundation

extension PaymentID {
    /// The payment of an order: made from the order's id and the attempt, so that a redelivered
    /// request is charged under the same id. A UUIDv8 (RFC 9562, section 5.8) over SHA-256.
    init(of order: OrderID, attempt: Int = 1) {
        // The first attempt keeps the name that it had when there was only one.
        let suffix = attempt == 1 ? "" : "/\(attempt)"
        let text = "flotilla/payment/\(order)\(suffix)"
        var bytes = Array(SHA256.hash(data: Data(text.utf8)).prefix(16))
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
