public import Events
public import Foundation

/// A variant's list price changed in one currency.
///
/// - Source: `Catalogue.update` and the import, beside `ProductUpdated`.
/// - Heard by: `audit.trail`.
public struct ProductPriceChanged: Event {
    /// The wire name, stable for ever; another shape takes another version.
    public static let type: EventType = "ProductPriceChangedEventV1"
    /// The one topic of the module.
    public static let topic: Topic = "product.events"
    /// The product.
    public let productID: ProductID
    /// The variant.
    public let variantID: VariantID
    /// What the trade calls the variant by.
    public let sku: String
    /// `nil` for a new currency.
    public let oldPrice: Money?
    /// `nil` for a currency that is not sold in any more.
    public let newPrice: Money?
    /// The lowest price of the 30 days before the change (Directive 98/6/EC, article 6a).
    public let lowestOf30Days: Money?
    /// UTC.
    public let changedAt: Date

    /// The product, so that everything about one product keeps its sequence.
    public var key: String { productID.description }

    /// Puts the fact together.
    public init(
        productID: ProductID, variantID: VariantID, sku: String, oldPrice: Money?, newPrice: Money?,
        lowestOf30Days: Money?, changedAt: Date
    ) {
        self.productID = productID
        self.variantID = variantID
        self.sku = sku
        self.oldPrice = oldPrice
        self.newPrice = newPrice
        self.lowestOf30Days = lowestOf30Days
        self.changedAt = changedAt
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case variantID = "variantId"
        case sku, oldPrice, newPrice, lowestOf30Days, changedAt
    }
}
