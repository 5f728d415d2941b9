import Events
import Foundation
import Web

/// A rule as it is shown.
struct PricingRuleBody: Encodable, Sendable {
    let id: PricingRuleID
    let name: String
    /// Neither of the two means everything.
    let productId: ProductID?
    let category: String?
    let kind: String
    let from: JSONValue?
    let to: JSONValue?
    let permille: Int?
    let amount: Money?
    let priority: Int
    let isActive: Bool
    let version: Int64
    let createdAt: Date
    let updatedAt: Date

    init(_ rule: PricingRule) {
        let terms = rule.terms
        id = rule.id
        name = terms.name
        switch terms.scope {
        case .all: (productId, category) = (nil, nil)
        case .product(let id): (productId, category) = (id, nil)
        case .category(let slug): (productId, category) = (nil, slug)
        }
        kind = terms.condition.kind.rawValue
        from = terms.condition.from.map { terms.condition.kind.shown($0) }
        to = terms.condition.to.map { terms.condition.kind.shown($0) }
        switch terms.adjustment {
        case .permille(let value): (permille, amount) = (value, nil)
        case .amount(let money): (permille, amount) = (nil, money)
        }
        priority = terms.priority
        isActive = terms.isActive
        version = rule.version
        createdAt = rule.createdAt
        updatedAt = rule.updatedAt
    }
}

extension PricingRule.Kind {
    /// An end of a range as it is written: days of a season are dates.
    fileprivate func shown(_ end: Int) -> JSONValue {
        self == .season ? .string(CalendarDay.text(end)) : .integer(Int64(end))
    }

    /// What an end of a range may be.
    fileprivate var ends: ClosedRange<Int> {
        switch self {
        case .leadTime: 0...3_650
        case .occupancy: 0...100
        case .groupSize: 1...99_900
        case .season: 0...0
        }
    }
}

extension Fields {
    /// What a rule is to be.
    mutating func pricingTerms() -> PricingRule.Terms {
        PricingRule.Terms(
            name: string("name", length: 1...100), scope: pricingScope(),
            condition: pricingCondition(), adjustment: pricingAdjustment(),
            priority: optionalInt("priority", in: -1_000...1_000) ?? 0,
            isActive: bool("isActive", default: true))
    }

    private mutating func pricingScope() -> PricingRule.Scope {
        let product = optionalID("productId", as: ProductID.self)
        let category = optionalString("category", length: 1...100)
        if product != nil, category != nil {
            reject("category", "a rule is for a product or for a category, not for both")
        }
        return product.map { .product($0) } ?? category.map { .category($0) } ?? .all
    }

    private mutating func pricingCondition() -> PricingRule.Condition {
        guard let kind = choice("kind", as: PricingRule.Kind.self) else {
            // Without its kind nobody knows what an end may be; that it is there is no fault.
            for name in ["from", "to"] where has(name) && !isNull(name) { _ = json(name) }
            return .init(kind: .season, from: nil, to: nil)
        }
        let (from, to) =
            kind == .season
            ? (day("from"), day("to"))
            : (optionalInt("from", in: kind.ends), optionalInt("to", in: kind.ends))
        if kind != .season, from == nil, to == nil {
            reject("from", "one end of the range is required")
        }
        if let from, let to {
            let isYearly = from <= CalendarDay.yearlyMax
            if kind == .season, isYearly != (to <= CalendarDay.yearlyMax) {
                reject("to", "both days must have a year, or none")
            } else if from > to, kind != .season || !isYearly {
                reject("to", "must not be before from")
            }
        }
        return .init(kind: kind, from: from, to: to)
    }

    private mutating func day(_ name: String) -> Int? {
        let text = string(name, length: 1...10)
        let day = CalendarDay.number(text)
        if !text.isEmpty, day == nil {
            reject(name, "must be a day: 2026-12-24, or 12-24 for every year")
        }
        return day
    }

    private mutating func pricingAdjustment() -> PricingRule.Adjustment {
        let permille = optionalInt("permille", in: -1_000...10_000)
        let amount = optionalMoney("amount", in: -Self.amountMax...Self.amountMax)
        if has("permille"), has("amount"), !isNull("permille"), !isNull("amount") {
            reject("amount", "a rule has permille or an amount, not both")
        } else if !has("permille") || isNull("permille"), !has("amount") || isNull("amount") {
            reject("permille", "permille or an amount is required")
        } else if permille == 0 || amount?.amount == 0 {
            reject(permille == 0 ? "permille" : "amount", "must not be 0")
        }
        return amount.map { .amount($0) } ?? .permille(permille ?? 0)
    }
}
