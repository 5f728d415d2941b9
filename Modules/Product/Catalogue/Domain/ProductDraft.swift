import Events
import Foundation

/// A product as somebody wants it to be.
struct ProductDraft: Sendable {
    var facts: ProductFacts
    var variants: [VariantDraft]
    /// What an imported file calls it by.
    var importKey: String?
}

/// A variant as somebody wants it to be.
struct VariantDraft: Sendable {
    /// Names one that is there already; without it the SKU does.
    var id: VariantID?
    var facts: VariantFacts
    /// Pieces; of a variant that is there already the stock has the say.
    var onHand: Int?
    /// Stays as it is, or is 0, when nothing is said.
    var overbookingPercent: Int?
    var customerMax = Wish<Int?>.keep
}

/// What is to become of a value.
enum Wish<Value: Sendable>: Sendable {
    case keep
    case set(Value)

    /// What it is from then on.
    func value(after old: Value) -> Value {
        switch self {
        case .keep: old
        case .set(let new): new
        }
    }
}
