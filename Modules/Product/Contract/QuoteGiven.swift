public import Events
public import Foundation

/// Somebody was told a price that holds for a while.
///
/// - Source: `Quotes.give`.
/// - Heard by: `order.quotes`, `audit.trail`.
public struct QuoteGiven: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "QuoteGivenEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The quote.
    public let quoteID: QuoteID
    /// Whom it is for; `nil` for whoever has its id.
    public let userID: UserID?
    /// What it is for.
    public let items: [Item]
    /// The sum of the items.
    public let total: Money
    /// Until when it holds.
    public let expiresAt: Date
    /// UTC.
    public let givenAt: Date

    /// The quote.
    public var key: String { quoteID.description }

    /// One line of a quote.
    public struct Item: Codable, Sendable, Hashable {
        /// The variant.
        public let productID: VariantID
        /// Pieces, 1 to 999.
        public let quantity: Int
        /// Of one piece, all rules applied.
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
        quoteID: QuoteID, userID: UserID?, items: [Item], total: Money, expiresAt: Date,
        givenAt: Date
    ) {
        self.quoteID = quoteID
        self.userID = userID
        self.items = items
        self.total = total
        self.expiresAt = expiresAt
        self.givenAt = givenAt
    }

    private enum CodingKeys: String, CodingKey {
        case quoteID = "quoteId"
        case userID = "userId"
        case items, total, expiresAt, givenAt
    }
}
