public import Events
public import Foundation

/// A booking went a step further: its voucher was issued, it was used, or nobody came.
///
/// - Source: `Orders.fulfil`.
/// - Heard by: `audit.trail`.
public struct OrderFulfilmentChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderFulfilmentChangedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// Where it was.
    public let oldStatus: String
    /// `voucher_issued`, `used`, `no_show` or `cancelled`.
    public let newStatus: String
    /// UTC.
    public let changedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, oldStatus: String, newStatus: String, changedAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.oldStatus = oldStatus
        self.newStatus = newStatus
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case oldStatus, newStatus, changedAt
    }
}
