public import Events
public import Foundation

/// A variant can be had again.
///
/// - Source: releases, returns and adjustments.
/// - Heard by: `audit.trail`.
public struct ProductBackInStock: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductBackInStockEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product.
    public let productID: ProductID
    /// The variant.
    public let variantID: VariantID
    /// What the trade calls the variant by.
    public let sku: String
    /// Pieces that can be had now.
    public let available: Int
    /// UTC.
    public let since: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { productID.description }

    /// Puts the fact together.
    public init(
        productID: ProductID, variantID: VariantID, sku: String, available: Int, since: Date
    ) {
        self.productID = productID
        self.variantID = variantID
        self.sku = sku
        self.available = available
        self.since = since
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case variantID = "variantId"
        case sku, available, since
    }
}
