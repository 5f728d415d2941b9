public import Events
public import Foundation

/// The money of an order is there; its stock is to become its own.
///
/// - Source: `order.payments`, in the transaction that notes the payment.
/// - Heard by: `product.holds`, which turns the hold into an allocation, and holds anew what
/// expired meanwhile.
public struct OrderPaid: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderPaidEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// The payment that covers it.
    public let paymentID: PaymentID
    /// What is to be allocated.
    public let items: [OrderLine]
    /// What was paid: the order's total.
    public let amount: Money
    /// UTC.
    public let paidAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, paymentID: PaymentID, items: [OrderLine], amount: Money,
        paidAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.paymentID = paymentID
        self.items = items
        self.amount = amount
        self.paidAt = paidAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case paymentID = "paymentId"
        case items, amount, paidAt
    }
}
