import Events
import Foundation
import ProductContract
import Storage

/// Something to travel for, as the catalogue has it.
struct Product: Sendable, Hashable {
    let id: ProductID
    var facts: ProductFacts
    /// In the order in which they are shown, those that are not sold any more included.
    var variants: [Variant]
    /// What an imported file calls it by; `nil` for one that was never imported.
    let importKey: String?
    var version: Int64
    let createdAt: Date
    var updatedAt: Date

    /// So many, those that are not sold any more included.
    static let variantCountMax = 1_000
}

/// What is told of a product beside its variants.
struct ProductFacts: Sendable, Hashable {
    var kind: ProductKind
    var status: ProductStatus
    /// In the house's own language.
    var name: String
    var description: String
    /// Slugs, sorted.
    var categories: [String]
    var attributes: [String: AttributeValue]
    /// Name and description in other languages.
    var texts: [LanguageTag: ProductText]
}

/// What is sold.
enum ProductKind: String, Sendable, CaseIterable, Codable, SQLConvertible {
    case destination
    case activity
    case package
}

/// Whether it is sold.
enum ProductStatus: String, Sendable, CaseIterable, Codable, SQLConvertible {
    case draft
    case active
    case archived
}

/// Name and description in one language.
struct ProductText: Sendable, Hashable, Encodable {
    let name: String
    let description: String
}

/// What a product has, each of its type.
enum AttributeValue: Sendable, Hashable, Encodable {
    case text(String)
    case number(Int64)
    case boolean(Bool)

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .boolean(let boolean): try container.encode(boolean)
        }
    }
}

extension ProductDescription {
    /// The product as events tell it.
    init(_ product: Product) {
        self.init(
            id: product.id, version: product.version, kind: product.facts.kind.rawValue,
            name: product.facts.name, status: product.facts.status.rawValue,
            categories: product.facts.categories,
            variants: product.variants.map { variant in
                Variant(
                    id: variant.id, sku: variant.facts.sku, name: variant.facts.name,
                    isActive: variant.facts.isActive, prices: variant.facts.prices,
                    startsAt: variant.facts.startsAt, quantityMin: variant.facts.quantityMin,
                    quantityMax: variant.facts.quantityMax,
                    isPricedByRules: variant.isPricedByRules)
            })
    }
}
