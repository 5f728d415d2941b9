public import Events
public import Foundation

/// The time of an order is over. A note of Order to itself, for later.
///
/// - Source: placements and payment attempts, to be let go at the deadline.
/// - Heard by: `order.deadlines`.
public struct OrderDeadlineDue: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderDeadlineDueEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// The deadline that it was made for; one that was put off since is not due.
    public let deadline: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, deadline: Date
    ) {
        self.orderID = orderID
        self.deadline = deadline
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case deadline
    }
}
