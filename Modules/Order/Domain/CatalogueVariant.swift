import Events
import Foundation
import ProductContract

/// What can be ordered, as Product's events say.
struct CatalogueVariant: Sendable, Hashable {
    let id: VariantID
    let sku: String
    /// The product's name and the variant's.
    let name: String
    /// Whether it and its product can be ordered.
    let isActive: Bool
    /// Whether it is ordered by quote alone.
    let isPricedByRules: Bool
    /// The first is in the house's own currency.
    let prices: [Money]
    let quantityMin: Int
    let quantityMax: Int
    let startsAt: Date?

    /// A variant as it was stored.
    init(
        id: VariantID, sku: String, name: String, isActive: Bool, isPricedByRules: Bool,
        prices: [Money], quantityMin: Int, quantityMax: Int, startsAt: Date?
    ) {
        self.id = id
        self.sku = sku
        self.name = name
        self.isActive = isActive
        self.isPricedByRules = isPricedByRules
        self.prices = prices
        self.quantityMin = quantityMin
        self.quantityMax = quantityMax
        self.startsAt = startsAt
    }

    /// A variant of a product as the catalogue describes it.
    init(_ variant: ProductDescription.Variant, of product: ProductDescription) {
        self.init(
            id: variant.id, sku: variant.sku,
            name: variant.name.isEmpty || variant.name == product.name
                ? product.name : "\(product.name), \(variant.name)",
            isActive: variant.isActive && product.status == "active",
            isPricedByRules: variant.isPricedByRules, prices: variant.prices,
            quantityMin: variant.quantityMin, quantityMax: variant.quantityMax,
            startsAt: variant.startsAt)
    }

    /// The price of one piece in a currency.
    func price(in currency: Currency) -> Money? { prices.first { $0.currency == currency } }

    /// So many pieces at a price.
    func ordered(_ quantity: Int, at price: Money) -> OrderedItem {
        OrderedItem(
            productID: id, quantity: quantity, unitPrice: price, name: name, sku: sku,
            startsAt: startsAt)
    }
}

/// A price that somebody was told.
struct Quote: Sendable, Hashable {
    let id: QuoteID
    /// Whom it is for; `nil` for whoever has its id.
    let userID: UserID?
    let items: [QuoteGiven.Item]
    let expiresAt: Date
    /// What it has become.
    var orderID: OrderID?
}
