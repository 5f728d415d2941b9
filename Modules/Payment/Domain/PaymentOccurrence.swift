import Events
import Foundation

/// What can happen to a payment.
enum PaymentOccurrence: Sendable, Hashable {
    /// The provider is going to be called.
    case started
    /// The call surely did not reach the provider.
    case notSent
    case authorized(amount: Int64, until: Date?)
    case captured(amount: Int64)
    case declined(FailureCode)
    case unknown
    /// The provider is going to be asked to take what is set aside.
    case captureSent(amount: Int64)
    case voided(VoidReason)
    case expired
    case refundStarted(RefundID, amount: Int64)
    case refunded(RefundID, amount: Int64)
    case refundFailed(RefundID, amount: Int64, FailureCode)

    /// Its name in the ledger; never renamed.
    enum Kind: String, Sendable, CaseIterable {
        case started
        case notSent = "not_sent"
        case authorized
        case captured
        case declined
        case unknown
        case captureSent = "capture_sent"
        case voided
        case expired
        case refundStarted = "refund_started"
        case refunded
        case refundFailed = "refund_failed"
    }

    var kind: Kind {
        switch self {
        case .started: .started
        case .notSent: .notSent
        case .authorized: .authorized
        case .captured: .captured
        case .declined: .declined
        case .unknown: .unknown
        case .captureSent: .captureSent
        case .voided: .voided
        case .expired: .expired
        case .refundStarted: .refundStarted
        case .refunded: .refunded
        case .refundFailed: .refundFailed
        }
    }

    var amount: Int64? {
        switch self {
        case .authorized(let amount, _), .captured(let amount), .captureSent(let amount),
            .refundStarted(_, let amount), .refunded(_, let amount),
            .refundFailed(_, let amount, _):
            amount
        case .started, .notSent, .declined, .unknown, .voided, .expired: nil
        }
    }

    var refundID: RefundID? {
        switch self {
        case .refundStarted(let id, _), .refunded(let id, _), .refundFailed(let id, _, _): id
        case .started, .notSent, .authorized, .captured, .declined, .unknown, .captureSent,
            .voided, .expired:
            nil
        }
    }

    /// A failure's or a void's machine code.
    var code: String? {
        switch self {
        case .declined(let code), .refundFailed(_, _, let code): code.rawValue
        case .voided(let reason): reason.rawValue
        case .started, .notSent, .authorized, .captured, .unknown, .captureSent, .expired,
            .refundStarted, .refunded:
            nil
        }
    }
}

/// Why money that was set aside is let go: what `PaymentVoided` says.
enum VoidReason: String, Sendable, CaseIterable {
    case administrator
    case orderCancelled = "order_cancelled"
    case orderExpired = "order_expired"
    case orderRejected = "order_rejected"
    case authorizationExpired = "authorization_expired"
    /// The provider said so, and nobody here asked for it.
    case provider
}

/// Why a payment or a refund failed. Permanent: clients switch over it.
enum FailureCode: String, Sendable, CaseIterable, Codable {
    case cardDeclined = "card_declined"
    case insufficientFunds = "insufficient_funds"
    case expiredCard = "expired_card"
    /// For a reason that has no code here.
    case providerDeclined = "provider_declined"
    /// The provider never heard of it.
    case providerUnreachable = "provider_unreachable"
    /// The order had come to nothing before the provider was called.
    case orderEnded = "order_ended"
    /// The time to pay was over before the provider was called.
    case paymentWindowOver = "payment_window_over"
    case unknownPayment = "unknown_payment"
    case notCaptured = "not_captured"
    case exceedsCaptured = "exceeds_captured"
    case currencyMismatch = "currency_mismatch"

    /// Reads a provider's code. What it is not known by is told apart no further, and never kept.
    init(provider code: String?) {
        let codes: [FailureCode] = [.cardDeclined, .insufficientFunds, .expiredCard]
        self = codes.first { $0.rawValue == code } ?? .providerDeclined
    }

    /// Whether another attempt may succeed, with the same means or another.
    var isRetryable: Bool {
        switch self {
        case .cardDeclined, .insufficientFunds, .providerDeclined, .providerUnreachable,
            .paymentWindowOver:
            true
        case .expiredCard, .orderEnded, .unknownPayment, .notCaptured, .exceedsCaptured,
            .currencyMismatch:
            false
        }
    }
}
