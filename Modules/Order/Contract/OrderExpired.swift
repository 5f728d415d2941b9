public import Events
public import Foundation

/// An order was not paid in time.
///
/// - Source: its deadline.
/// - Heard by: `product.holds`, which gives the stock back; `payment.settlements`, which ends what
/// is unpaid.
public struct OrderExpired: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderExpiredEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// UTC.
    public let expiredAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, expiredAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.expiredAt = expiredAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case expiredAt
    }
}
