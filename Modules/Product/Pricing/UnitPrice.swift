import Events

/// The price of one piece, with what rules made of the list price.
struct UnitPrice: Sendable, Hashable {
    let base: Money
    let unit: Money
    let steps: [Step]

    /// What one rule added, or took away.
    struct Step: Sendable, Hashable {
        let rule: PricingRule
        let amount: Money
    }

    /// The largest price that every JSON reader takes exactly.
    static let amountMax: Int64 = (1 << 53) - 1

    /// Applies the rules that hold, one after the other in the order of their priority, each to
    /// what the one before left. No price falls below one minor unit: nothing is given away.
    init(_ base: Money, by rules: [PricingRule], in situation: PricingSituation) {
        var amount = base.amount
        var steps: [Step] = []
        for rule in rules.sorted(by: PricingRule.precedes)
        where rule.terms.isActive && rule.terms.condition.holds(in: situation) {
            guard let change = rule.terms.adjustment.change(of: amount, in: base.currency) else {
                continue
            }
            let next = min(max(Int128(amount) + change, 1), Int128(Self.amountMax))
            let moved = Int64(next) - amount
            amount = Int64(next)
            if moved != 0 {
                steps.append(
                    Step(rule: rule, amount: Money(amount: moved, currency: base.currency)))
            }
        }
        self.base = base
        unit = Money(amount: amount, currency: base.currency)
        self.steps = steps
    }

    /// A fraction, rounded to the nearest whole number, a half to the even one.
    static func halfEven(_ numerator: Int128, over denominator: Int128) -> Int128 {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        let double = 2 * (remainder < 0 ? -remainder : remainder)
        let isRoundedAway = double > denominator || (double == denominator && quotient % 2 != 0)
        guard isRoundedAway else { return quotient }
        return quotient + (numerator < 0 ? -1 : 1)
    }
}

extension PricingRule {
    /// The sequence in which rules are applied; the same whoever asks.
    static func precedes(_ left: PricingRule, _ right: PricingRule) -> Bool {
        if left.terms.priority != right.terms.priority {
            return left.terms.priority < right.terms.priority
        }
        if left.createdAt != right.createdAt { return left.createdAt < right.createdAt }
        return left.id.description < right.id.description
    }
}

extension PricingRule.Adjustment {
    /// What it adds to a price; `nil` where it is in another currency.
    fileprivate func change(of amount: Int64, in currency: Currency) -> Int128? {
        switch self {
        case .permille(let permille):
            // The new price is rounded, not the change.
            UnitPrice.halfEven(Int128(amount) * Int128(1_000 + permille), over: 1_000)
                - Int128(amount)
        case .amount(let money):
            money.currency == currency ? Int128(money.amount) : nil
        }
    }
}
