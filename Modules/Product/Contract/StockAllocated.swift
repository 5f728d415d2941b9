public import Events
public import Foundation

/// The stock of a paid order is its own.
///
/// - Source: `product.holds`.
/// - Heard by: `order.stock`, `audit.trail`.
public struct StockAllocated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "StockAllocatedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The order.
    public let orderID: OrderID
    /// UTC.
    public let allocatedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, allocatedAt: Date
    ) {
        self.orderID = orderID
        self.allocatedAt = allocatedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case allocatedAt
    }
}
