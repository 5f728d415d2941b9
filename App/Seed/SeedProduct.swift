import Events
import Foundation
import Web

/// A product of the demo shop, before it is in the catalogue.
struct SeedProduct: Sendable {
    let kind: String
    let name: Translated
    let text: Translated
    let categories: [String]
    let attributes: [String: JSONValue]
    /// How many of it one usually orders: people, or nights.
    let party: Int
    /// What it cost before, of a hundred; `nil` when it always cost the same.
    var earlierPercent: Int?
    let variants: [SeedVariant]

    /// What one of a variant costs; in euro unless it is said.
    func price(of sku: String, in currency: String?) -> SeedPrice? {
        let prices = variants.first { $0.sku == sku }?.prices ?? []
        return currency.map { code in prices.first { $0.currency == code } } ?? prices.first
    }

    /// What makes it, or changes it.
    ///
    /// - Parameters:
    ///   - isEarlier: whether at the prices of before.
    ///   - today: the midnight that dates are counted from.
    func body(isEarlier: Bool, today: Date) -> JSONValue {
        let percent = isEarlier ? earlierPercent ?? 100 : 100
        return .object([
            "name": .string(name.en), "kind": .string(kind), "description": .string(text.en),
            "categories": .array(categories.map { .string($0) }),
            "attributes": .object(attributes),
            "texts": .object([
                "en": .object(["name": .string(name.en), "description": .string(text.en)]),
                "de": .object(["name": .string(name.de), "description": .string(text.de)]),
            ]),
            "variants": .array(variants.map { $0.body(percent: percent, today: today) }),
        ])
    }
}

/// Minor units of a currency.
struct SeedPrice: Sendable, Hashable {
    var amount: Int64
    var currency = "EUR"
}

/// A date or a room class of a product.
struct SeedVariant: Sendable {
    let sku: String
    let name: String
    /// The first in euro.
    var prices: [SeedPrice]
    var onHand: Int
    var roomClass: String?
    var dates: Dates?

    /// When it takes place, counted from the day of the seed.
    struct Dates: Sendable, Hashable {
        var daysAhead: Int
        let hour: Int
        let hours: Int
    }

    func body(percent: Int, today: Date) -> JSONValue {
        var fields: [String: JSONValue] = [
            "sku": .string(sku), "name": .string(name), "onHand": .integer(Int64(onHand)),
            "prices": .array(
                prices.map {
                    .object([
                        "amount": .integer($0.amount * Int64(percent) / 100),
                        "currency": .string($0.currency),
                    ])
                }),
        ]
        if let roomClass { fields["roomClass"] = .string(roomClass) }
        if let dates {
            let start = today + Double(dates.daysAhead * 86_400 + dates.hour * 3_600)
            fields["startsAt"] = .string(FlotillaJSON.rfc3339(start))
            fields["endsAt"] = .string(FlotillaJSON.rfc3339(start + Double(dates.hours * 3_600)))
        }
        return .object(fields)
    }
}

extension SeedVariant {
    /// The price nearest to one that makes the usual party pay a sum whose payment the simulated
    /// provider lets succeed whatever its luck: one that ends in 66.00.
    static func price(near amount: Int, party: Int) -> Int {
        let (modulus, rest) = (10_000, 6_600)
        let wanted = max(0, (amount * party - rest) / modulus)
        let candidates = max(0, wanted - party)...(wanted + party)
        let prices = candidates.map { $0 * modulus + rest }.filter { $0.isMultiple(of: party) }
            .map { $0 / party }
        return prices.min { abs($0 - amount) < abs($1 - amount) } ?? rest
    }
}
