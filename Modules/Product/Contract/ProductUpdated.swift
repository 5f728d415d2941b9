public import Events
public import Foundation

/// A product, its variants or their prices changed. All of it is said anew.
///
/// - Source: `Catalogue.update` and the import, in the transaction that stores it.
/// - Heard by: `order.catalogue`, `audit.trail`.
public struct ProductUpdated: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductUpdatedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product as it is from now on.
    public let product: ProductDescription
    /// What changed: `name`, `variants`, …
    public let changedFields: [String]
    /// UTC.
    public let updatedAt: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { product.id.description }

    /// Puts the fact together.
    public init(
        product: ProductDescription, changedFields: [String], updatedAt: Date
    ) {
        self.product = product
        self.changedFields = changedFields
        self.updatedAt = updatedAt
    }
}
