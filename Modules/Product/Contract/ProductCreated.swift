public import Events
public import Foundation

/// A product is in the catalogue.
///
/// - Source: `Catalogue.create` and the import, in the transaction that stores it.
/// - Heard by: `order.catalogue`, `audit.trail`.
public struct ProductCreated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductCreatedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product as it is from now on.
    public let product: ProductDescription
    /// UTC.
    public let createdAt: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { product.id.description }

    /// Puts the fact together.
    public init(
        product: ProductDescription, createdAt: Date
    ) {
        self.product = product
        self.createdAt = createdAt
    }
}
