public import Events
public import Foundation

/// A product is not sold any more.
///
/// - Source: `Catalogue.delete`.
/// - Heard by: `order.catalogue`, `audit.trail`.
public struct ProductDeleted: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductDeletedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product.
    public let productID: ProductID
    /// Its variants.
    public let variantIDs: [VariantID]
    /// The product's version: newer than all that was said of it.
    public let version: Int64
    /// UTC.
    public let deletedAt: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { productID.description }

    /// Puts the fact together.
    public init(
        productID: ProductID, variantIDs: [VariantID], version: Int64, deletedAt: Date
    ) {
        self.productID = productID
        self.variantIDs = variantIDs
        self.version = version
        self.deletedAt = deletedAt
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case variantIDs, version, deletedAt
    }
}
