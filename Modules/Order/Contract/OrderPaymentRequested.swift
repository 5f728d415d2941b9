public import Events
public import Foundation

/// An order has its stock and waits for its money.
///
/// - Source: `order.stock`, in the transaction that notes the hold; `Orders.retryPayment`, for a
/// further attempt.
/// - Heard by: `payment.charge`, which begins the payment; `product.holds`, which keeps the stock
/// until then.
public struct OrderPaymentRequested: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderPaymentRequestedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// 1 for the first try; each further one is a payment of its own.
    public let attempt: Int
    /// The order's total.
    public let amount: Money
    /// When the order expires unless it is paid. The hold must last longer.
    public let payBy: Date
    /// UTC.
    public let requestedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, attempt: Int, amount: Money, payBy: Date,
        requestedAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.attempt = attempt
        self.amount = amount
        self.payBy = payBy
        self.requestedAt = requestedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case attempt, amount, payBy, requestedAt
    }
}
