public import Events
public import Foundation

/// An order was placed; it waits for its payment.
///
/// - Source: `Orders.place(_:)` and `Orders.welcome(_:)`, in the transaction that inserts it.
/// - Heard by: `payment.charge`, `audit.trail`.
public struct OrderCreated: Event {
    public static let type: EventType = "OrderCreatedEventV1"
    public static let topic: Topic = "order.events"
    public let orderID: OrderID
    public let userID: UserID
    /// `welcome` or `standard`.
    public let kind: String
    public let items: [Item]
    /// The sum of the items.
    public let total: Money
    /// UTC.
    public let createdAt: Date

    public var key: String { orderID.description }

    /// One line of the order, with the price of one piece at the time of the order.
    public struct Item: Codable, Sendable, Hashable {
        public let productID: ProductID
        public let quantity: Int
        public let unitPrice: Money

        /// Puts a line together.
        public init(productID: ProductID, quantity: Int, unitPrice: Money) {
            self.productID = productID
            self.quantity = quantity
            self.unitPrice = unitPrice
        }

        private enum CodingKeys: String, CodingKey {
            case productID = "productId"
            case quantity, unitPrice
        }
    }

    /// Puts the fact together.
    public init(
        orderID: OrderID, userID: UserID, kind: String, items: [Item], total: Money,
        createdAt: Date
    ) {
        self.orderID = orderID
        self.userID = userID
        self.kind = kind
        self.items = items
        self.total = total
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case userID = "userId"
        case kind, items, total, createdAt
    }
}
