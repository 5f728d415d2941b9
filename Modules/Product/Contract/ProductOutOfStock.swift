public import Events
public import Foundation

/// The last piece of a variant is taken.
///
/// - Source: holds, allocations and adjustments.
/// - Heard by: `audit.trail`.
public struct ProductOutOfStock: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductOutOfStockEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product.
    public let productID: ProductID
    /// The variant.
    public let variantID: VariantID
    /// What the trade calls the variant by.
    public let sku: String
    /// UTC.
    public let since: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { productID.description }

    /// Puts the fact together.
    public init(
        productID: ProductID, variantID: VariantID, sku: String, since: Date
    ) {
        self.productID = productID
        self.variantID = variantID
        self.sku = sku
        self.since = since
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case variantID = "variantId"
        case sku, since
    }
}
