import Storage

/// Where an order is on its way to being a booking, and after.
enum OrderState: String, SQLConvertible, CaseIterable, Sendable {
    /// Being placed; no order stays so.
    case pending
    case awaitingStock = "awaiting_stock"
    /// Its stock is set aside; its payment is being asked for.
    case reserved
    case awaitingPayment = "awaiting_payment"
    case confirmed
    case inFulfilment = "in_fulfilment"
    case completed
    case rejected
    case paymentFailed = "payment_failed"
    case expired
    case cancelled
    case refunded
}

/// What is known of an order's money.
enum PaymentStatus: String, SQLConvertible, CaseIterable, Sendable {
    case none
    case pending
    case authorized
    case paid
    case failed
    /// The provider did not say what became of it.
    case unknown
    /// Something was taken, but not what was due: a person has to look at it.
    case review
    case voided
    case refundPending = "refund_pending"
    case partiallyRefunded = "partially_refunded"
    case refunded
}

/// What became of a booking.
enum FulfilmentStatus: String, SQLConvertible, CaseIterable, Sendable {
    case unfulfilled
    case voucherIssued = "voucher_issued"
    case used
    case noShow = "no_show"
    case cancelled
}

/// The one word that clients read first, derived from the others and never stored.
enum OrderStatus: String, CaseIterable, Sendable {
    case pending
    case paid
    case paymentFailed = "payment_failed"
    case rejected
    case expired
    case cancelled
    case partiallyRefunded = "partially_refunded"
    case refunded

    /// Sums up where an order stands.
    init(_ state: OrderState, _ payment: PaymentStatus) {
        self =
            switch state {
            case .pending, .awaitingStock, .reserved, .awaitingPayment: .pending
            case .confirmed, .inFulfilment, .completed:
                payment == .partiallyRefunded ? .partiallyRefunded : .paid
            case .paymentFailed: .paymentFailed
            case .rejected: .rejected
            case .expired: .expired
            case .cancelled: .cancelled
            case .refunded: .refunded
            }
    }
}
