public import Events
public import Foundation

/// Money of an order is to go back.
///
/// - Source: cancellations, refunds by administrators, and payments that came too late, in the
/// transaction that decides.
/// - Heard by: `payment.refunds`.
public struct OrderRefundRequested: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderRefundRequestedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// The payment that it is taken from.
    public let paymentID: PaymentID
    /// Names the refund; asked again, it is the same.
    public let refundID: RefundID
    /// What goes back.
    public let amount: Money
    /// Machine code: `cancelled`, `rejected`, `late_payment`, `duplicate_payment`, `goodwill`.
    public let reason: String
    /// UTC.
    public let requestedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, paymentID: PaymentID, refundID: RefundID, amount: Money,
        reason: String, requestedAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.paymentID = paymentID
        self.refundID = refundID
        self.amount = amount
        self.reason = reason
        self.requestedAt = requestedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case paymentID = "paymentId"
        case refundID = "refundId"
        case amount, reason, requestedAt
    }
}
