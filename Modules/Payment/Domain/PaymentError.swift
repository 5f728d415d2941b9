import HTTPTypes
import Web

/// What can't be done with payments, closed.
enum PaymentError: Error, Sendable, Hashable, CaseIterable {
    case notFound
    /// Nobody was called yet.
    case notStarted
    /// No money is set aside.
    case notAuthorized
    case exceedsAuthorized
    /// No money was taken.
    case notCaptured
    case exceedsCaptured
    case refundNotStarted
    /// A webhook's signature is missing, malformed or wrong.
    case badSignature
    /// A webhook's signature is too old, or of the future.
    case lateSignature
    /// A webhook tells the end of what has not begun here; it is to come again.
    case outOfOrder
    /// A body carries what may be a card number.
    case cardNumber
    /// The provider could not be reached: nothing was done.
    case providerAway
}

extension PaymentError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .notFound: ("payment.not_found", .notFound, "there is no such payment")
        case .notStarted:
            ("payment.not_started", .conflict, "the provider was not called yet")
        case .notAuthorized:
            ("payment.not_authorized", .conflict, "no money is set aside for this payment")
        case .exceedsAuthorized:
            (
                "payment.exceeds_authorized", .unprocessableContent,
                "no more can be taken than was set aside"
            )
        case .notCaptured:
            ("payment.not_captured", .conflict, "no money was taken for this payment")
        case .exceedsCaptured:
            (
                "payment.exceeds_captured", .conflict,
                "no more can go back than was taken and did not go back yet"
            )
        case .refundNotStarted:
            ("payment.refund_not_started", .conflict, "no such refund is under way")
        case .badSignature:
            ("payment.bad_signature", .unauthorized, "the webhook's signature is not valid")
        case .lateSignature:
            (
                "payment.late_signature", .unauthorized,
                "the webhook's time is more than five minutes away"
            )
        case .outOfOrder:
            (
                "payment.out_of_order", .conflict,
                "this tells of the end of what has not begun: deliver it again later"
            )
        case .cardNumber:
            (
                "payment.card_number", .unprocessableContent,
                "card numbers are not taken, in no field"
            )
        case .providerAway:
            (
                "payment.provider_unavailable", .serviceUnavailable,
                "the payment provider can't be reached; nothing was done"
            )
        }
    }
}
