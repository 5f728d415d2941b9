public import Events
public import Foundation

/// The stock of an order is set aside for it.
///
/// - Source: `product.holds`, in the transaction that takes it.
/// - Heard by: `order.stock`, `audit.trail`.
public struct StockHeld: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "StockHeldEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The order.
    public let orderID: OrderID
    /// When it is let go, unless that is put off.
    public let expiresAt: Date
    /// UTC.
    public let heldAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, expiresAt: Date, heldAt: Date
    ) {
        self.orderID = orderID
        self.expiresAt = expiresAt
        self.heldAt = heldAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case expiresAt, heldAt
    }
}
