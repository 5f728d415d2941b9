public import Events
public import Foundation

/// A hold may be over. A note of Product to itself, for later.
///
/// - Source: holds and their extensions.
/// - Heard by: `product.hold-expiry`.
public struct StockHoldDue: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "StockHoldDueEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The order.
    public let orderID: OrderID
    /// The end that it was made for; one that was put off since is not due.
    public let expiresAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, expiresAt: Date
    ) {
        self.orderID = orderID
        self.expiresAt = expiresAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case expiresAt
    }
}
