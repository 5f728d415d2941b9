import Events
import Foundation

/// A product as an answer shows it.
struct ProductBody: Encodable, Sendable {
    let id: ProductID
    let name: String
    let kind: ProductKind
    let description: String
    let status: ProductStatus
    let categories: [String]
    let attributes: [String: AttributeValue]
    let texts: [String: ProductText]
    let variants: [VariantBody]
    let createdAt: Date
    let updatedAt: Date
    /// The language of its name and description; told in a header.
    let language: LanguageTag

    init(_ product: Product, in languages: LanguageChoice) {
        let (text, language) = languages.text(of: product.facts)
        id = product.id
        name = text.name
        kind = product.facts.kind
        description = text.description
        status = product.facts.status
        categories = product.facts.categories
        attributes = product.facts.attributes
        texts = Dictionary(
            uniqueKeysWithValues: product.facts.texts.map { ($0.key.description, $0.value) })
        variants = product.variants.map(VariantBody.init)
        createdAt = product.createdAt
        updatedAt = product.updatedAt
        self.language = language
    }

    private enum CodingKeys: CodingKey {
        case id, name, kind, description, status, categories, attributes, texts, variants
        case createdAt, updatedAt
    }
}

/// A variant as an answer shows it.
struct VariantBody: Encodable, Sendable {
    let id: VariantID
    let sku: String
    let name: String
    let price: Money?
    let prices: [Money]
    let onHand: Int
    let available: Int
    let isActive: Bool
    let roomClass: String?
    let startsAt: Date?
    let endsAt: Date?
    let quantityMin: Int
    let quantityMax: Int
    let overbookingPercent: Int
    let customerMax: Int?
    let pricedByRules: Bool

    init(_ variant: Variant) {
        id = variant.id
        sku = variant.facts.sku
        name = variant.facts.name
        price = variant.facts.prices.first
        prices = variant.facts.prices
        onHand = variant.stock.onHand
        available = variant.stock.available
        isActive = variant.facts.isActive
        roomClass = variant.facts.roomClass
        startsAt = variant.facts.startsAt
        endsAt = variant.facts.endsAt
        quantityMin = variant.facts.quantityMin
        quantityMax = variant.facts.quantityMax
        overbookingPercent = variant.stock.overbookingPercent
        customerMax = variant.stock.customerMax
        pricedByRules = variant.isPricedByRules
    }
}

/// One variant's price in one currency as an answer shows it.
struct PriceHistoryBody: Encodable, Sendable {
    let variantId: VariantID
    let sku: String
    let currency: Currency
    /// `nil` when there is no price any more.
    let current: Money?
    let lowestOf30Days: Money?
    let lowestBeforeChange: Money?
    let history: [Span]

    /// A price and when it held.
    struct Span: Encodable, Sendable {
        let amount: Int64
        let validFrom: Date
        let validUntil: Date?
    }

    init(_ history: PriceHistory) {
        let money = { (amount: Int64) in Money(amount: amount, currency: history.currency) }
        variantId = history.variant.id
        sku = history.variant.facts.sku
        currency = history.currency
        current = history.spans.first { $0.validUntil == nil }.map { money($0.amount) }
        lowestOf30Days = history.lowest.map(money)
        lowestBeforeChange = history.lowestBeforeChange.map(money)
        self.history = history.spans.map {
            Span(amount: $0.amount, validFrom: $0.validFrom, validUntil: $0.validUntil)
        }
    }
}
