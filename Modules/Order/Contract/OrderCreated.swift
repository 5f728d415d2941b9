public import Events
public import Foundation

/// An order was placed; it waits for its payment.
///
/// - Source: `Orders.place(_:)` and `Orders.welcome(_:)`, in the transaction that inserts it.
/// - Heard by: `payment.charge`, `audit.trail`.
public struct OrderCreated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "OrderCreatedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "order.events"
    /// The new order.
    public let orderID: OrderID
    /// Whose order it is.
    public let userID: UserID
    /// `welcome` or `standard`.
    public let kind: String
    /// At least one, all prices in one currency.
    public let items: [Item]
    /// The sum of the items.
    public let total: Money
    /// UTC.
    public let createdAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// One line of the order, with the price of one piece at the time of the order.
    public struct Item: Codable, Sendable, Hashable {
        /// The variant that was ordered.
        public let productID: VariantID
        /// Pieces, 1 to 999.
        public let quantity: Int
        /// Of one piece; later changes of the price do not touch it.
        public let unitPrice: Money

        /// Puts a line together.
        public init(productID: VariantID, quantity: Int, unitPrice: Money) {
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
