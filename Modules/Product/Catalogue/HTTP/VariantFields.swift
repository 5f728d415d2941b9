import Events
import Foundation
import Web

extension Fields {
    /// One variant of a product's body.
    mutating func variant(isNew: Bool) -> VariantDraft {
        let id: VariantID? = isNew ? nil : optionalID("id")
        if !isNew {
            for name in ["available", "pricedByRules"] { ignore(name) }
        }
        let sku = string("sku", length: 1...64)
        if !sku.isEmpty, !VariantFacts.isSKU(sku) {
            reject("sku", "must be letters, digits and signs of ASCII without blanks")
        }
        let (startsAt, endsAt) = (optionalDate("startsAt"), optionalDate("endsAt"))
        if let startsAt, let endsAt, startsAt >= endsAt {
            reject("endsAt", "must be after startsAt")
        }
        let range = 1...VariantFacts.quantityMax
        let quantityMin = optionalInt("quantityMin", in: range) ?? 1
        let quantityMax = optionalInt("quantityMax", in: range) ?? VariantFacts.quantityMax
        if quantityMin > quantityMax {
            reject("quantityMin", "must not be greater than quantityMax")
        }
        let facts = VariantFacts(
            sku: sku, name: words("name", length: 1...200),
            isActive: bool("isActive", default: true),
            roomClass: optionalString("roomClass", length: 1...100),
            startsAt: startsAt, endsAt: endsAt, quantityMin: quantityMin,
            quantityMax: quantityMax, prices: prices())
        return VariantDraft(
            id: id, facts: facts, onHand: optionalInt("onHand", in: 0...VariantStock.onHandMax),
            overbookingPercent: optionalInt("overbookingPercent", in: 0...100),
            customerMax: customerMax())
    }

    /// Not named: it stays. `null`: there is none.
    private mutating func customerMax() -> Wish<Int?> {
        let isNamed = has("customerMax")
        let count = optionalInt("customerMax", in: 1...VariantStock.onHandMax)
        return isNamed ? .set(count) : .keep
    }

    /// `price`, or `prices` with one for each currency; when both are there, the first is both.
    private mutating func prices() -> [Money] {
        let price = optionalMoney("price")
        let prices = optionalObjects("prices", count: 1...20) { $0.amount() }
        let isSilent = { (name: String, fields: Fields) in
            !fields.has(name) || fields.isNull(name)
        }
        if isSilent("price", self), isSilent("prices", self) {
            reject("price", "this field is required")
        }
        if let price, let first = prices?.first, first != price {
            reject("price", "must be the first of prices")
        }
        let all = (prices ?? [price]).compactMap(\.self)
        var currencies: Set<Currency> = []
        for (index, price) in all.enumerated() where !currencies.insert(price.currency).inserted {
            reject("prices", at: index, "currency", "there is one price a currency")
        }
        return all
    }
}
