public import Events
public import Foundation

/// An order was called off by its customer, an administrator or the house.
///
/// - Source: `Orders.cancel`; the deadline, for an order whose payments failed.
/// - Heard by: `product.holds`, which gives the stock back; `payment.settlements`, which ends what
/// is unpaid.
public struct OrderCancelled: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderCancelledEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// Machine code: `customer`, `administrator`, `payment_failed`, `customer_deleted`,
    /// `refunded`.
    public let reason: String
    /// What the house keeps of what was paid.
    public let fee: Money
    /// What goes back; zero when nothing was paid.
    public let refund: Money
    /// UTC.
    public let cancelledAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, reason: String, fee: Money, refund: Money,
        cancelledAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.reason = reason
        self.fee = fee
        self.refund = refund
        self.cancelledAt = cancelledAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case reason, fee, refund, cancelledAt
    }
}
