public import Events
public import Foundation

/// An order is paid and has its stock: it is a booking.
///
/// - Source: `order.stock`, when the stock is allocated.
/// - Heard by: `product.recommendations`, `payment.bookings`, `audit.trail`.
public struct OrderConfirmed: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderConfirmedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The order.
    public let orderID: OrderID
    /// What people call the order by.
    public let number: String
    /// Whose order it is.
    public let userID: UserID
    /// `welcome` or `standard`.
    public let kind: String
    /// What was booked.
    public let items: [OrderLine]
    /// What was paid for it.
    public let total: Money
    /// The payment that covers it.
    public let paymentID: PaymentID
    /// UTC.
    public let confirmedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// Puts the fact together.
    public init(
        orderID: OrderID, number: String, userID: UserID, kind: String, items: [OrderLine],
        total: Money, paymentID: PaymentID, confirmedAt: Date
    ) {
        self.orderID = orderID
        self.number = number
        self.userID = userID
        self.kind = kind
        self.items = items
        self.total = total
        self.paymentID = paymentID
        self.confirmedAt = confirmedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case paymentID = "paymentId"
        case number, kind, items, total, confirmedAt
    }
}
