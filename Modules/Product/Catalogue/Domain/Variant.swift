import Events
import Foundation

/// A date, slot or room class of a product: what can be ordered.
struct Variant: Sendable, Hashable {
    let id: VariantID
    var facts: VariantFacts
    /// Whether rules make its price.
    var isPricedByRules: Bool
    /// How it stood when it was read.
    var stock: VariantStock
}

/// What is told of a variant.
struct VariantFacts: Sendable, Hashable {
    var sku: String
    var name: String
    var isActive: Bool
    var roomClass: String?
    var startsAt: Date?
    var endsAt: Date?
    var quantityMin: Int
    var quantityMax: Int
    /// One a currency; the first is the house's own.
    var prices: [Money]

    /// The most pieces of one order.
    static let quantityMax = 999

    /// Printable ASCII without blanks, up to 64 characters.
    static func isSKU(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// How many pieces of a variant there are.
struct VariantStock: Sendable, Hashable {
    var onHand: Int
    var available: Int
    var overbookingPercent: Int
    var customerMax: Int?

    /// So that no sum of pieces and overbooking overflows.
    static let onHandMax = 1_000_000_000
}
