public import Events
public import Foundation

/// An order came to nothing, since it can't be had.
///
/// - Source: `order.stock`, when stock is refused, before or after the payment.
/// - Heard by: `product.holds`, `payment.settlements`, `audit.trail`.
public struct OrderRejected: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderRejectedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// Machine code: `insufficient_stock`, `limit_exceeded`, `unknown_product`, `not_for_sale`.
    public let reason: String
    /// UTC.
    public let rejectedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, reason: String, rejectedAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.reason = reason
        self.rejectedAt = rejectedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case reason, rejectedAt
    }
}
