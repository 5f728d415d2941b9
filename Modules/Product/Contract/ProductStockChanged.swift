public import Events
public import Foundation

/// There are more or fewer pieces of a variant. Holds come and go without it.
///
/// - Source: adjustments, allocations and returns, in their transaction.
/// - Heard by: `audit.trail`.
public struct ProductStockChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductStockChangedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product.
    public let productID: ProductID
    /// The variant.
    public let variantID: VariantID
    /// What the trade calls the variant by.
    public let sku: String
    /// Pieces that there are.
    public let onHand: Int
    /// Pieces that were sold.
    public let allocated: Int
    /// Pieces that can be had now, overbooking included.
    public let available: Int
    /// Machine code: `adjustment`, `allocation`, `return`.
    public let reason: String
    /// UTC.
    public let changedAt: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { productID.description }

    /// Puts the fact together.
    public init(
        productID: ProductID, variantID: VariantID, sku: String, onHand: Int, allocated: Int,
        available: Int, reason: String, changedAt: Date
    ) {
        self.productID = productID
        self.variantID = variantID
        self.sku = sku
        self.onHand = onHand
        self.allocated = allocated
        self.available = available
        self.reason = reason
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case variantID = "variantId"
        case sku, onHand, allocated, available, reason, changedAt
    }
}
