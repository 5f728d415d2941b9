import Events
import Foundation
import Storage

/// Money of an order on its way back.
struct OrderRefund: Sendable, Hashable {
    let id: RefundID
    /// The payment that it is taken from; not always the one that covers the order.
    let paymentID: PaymentID
    let amount: Money
    let reason: Reason
    var status: Status
    let requestedAt: Date
    /// What an administrator wrote about it; gone once the customer is deleted.
    var note: String?

    enum Reason: String, SQLConvertible, Sendable {
        case cancelled
        case rejected
        case latePayment = "late_payment"
        case duplicatePayment = "duplicate_payment"
        case goodwill
        /// Nobody here asked for it: the provider gave it back.
        case provider
    }

    enum Status: String, SQLConvertible, Sendable {
        case requested
        case completed
        case failed
    }
}
