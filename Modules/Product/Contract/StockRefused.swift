public import Events
public import Foundation

/// An order can't have its stock: none of it was set aside.
///
/// - Source: `product.holds`.
/// - Heard by: `order.stock`, `audit.trail`.
public struct StockRefused: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "StockRefusedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The order.
    public let orderID: OrderID
    /// Machine code: `insufficient_stock`, `limit_exceeded`, `unknown_product`, `not_for_sale`.
    public let reason: String
    /// What there was too little of.
    public let shortages: [Shortage]
    /// UTC.
    public let refusedAt: Date

    /// The order, so that everything about one order keeps its sequence.
    public var key: String { orderID.description }

    /// What there was too little of.
    public struct Shortage: Codable, Sendable, Hashable {
        /// The variant.
        public let productID: VariantID
        /// Pieces that were wanted.
        public let requested: Int
        /// Pieces that could have been had.
        public let available: Int

        /// Puts a shortage together.
        public init(productID: VariantID, requested: Int, available: Int) {
            self.productID = productID
            self.requested = requested
            self.available = available
        }

        private enum CodingKeys: String, CodingKey {
            case productID = "productId"
            case requested, available
        }
    }

    /// Puts the fact together.
    public init(
        orderID: OrderID, reason: String, shortages: [Shortage], refusedAt: Date
    ) {
        self.orderID = orderID
        self.reason = reason
        self.shortages = shortages
        self.refusedAt = refusedAt
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case reason, shortages, refusedAt
    }
}
