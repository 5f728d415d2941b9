public import Events
public import Foundation

/// The stock of an order is free again.
///
/// - Source: `product.holds` and `product.hold-expiry`.
/// - Heard by: `order.stock`, `audit.trail`.
public struct StockReleased: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "StockReleasedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The order.
    public let orderID: OrderID
    /// Machine code: `expired`, `cancelled`, `returned`.
    public let reason: String
    /// UTC.
    public let releasedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, reason: String, releasedAt: Date
    ) {
        self.orderID = orderID
        self.reason = reason
        self.releasedAt = releasedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case reason, releasedAt
    }
}
