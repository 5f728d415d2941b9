import Events
import FlotillaTesting
import Foundation
import Testing

@testable import Product

@Suite struct `Reckoning a price by rules` {
    private static let noon = TestTime().now

    private static func rule(
        _ adjustment: PricingRule.Adjustment, kind: PricingRule.Kind = .groupSize,
        from: Int? = 1, to: Int? = nil, priority: Int = 0, isActive: Bool = true,
        createdAt: Date = noon
    ) -> PricingRule {
        PricingRule(
            id: PricingRuleID(),
            terms: .init(
                name: "rule", scope: .all, condition: .init(kind: kind, from: from, to: to),
                adjustment: adjustment, priority: priority, isActive: isActive),
            version: 1, createdAt: createdAt, updatedAt: createdAt)
    }

    private static func situation(
        daysAhead: Int? = nil, percentSold: Int = 0, day: Date = noon, quantity: Int = 1
    ) -> PricingSituation {
        PricingSituation(
            daysAhead: daysAhead, percentSold: percentSold, day: CalendarDay(of: day),
            quantity: quantity)
    }

    private func price(_ amount: Int64, _ rules: PricingRule...) -> Int64 {
        UnitPrice(.cents(amount), by: rules, in: Self.situation()).unit.amount
    }

    @Test(
        arguments: [
            (1_999, -100, 1_799), (1_995, -100, 1_796), (1_985, -100, 1_786), (5, -100, 4),
            (15, -100, 14), (25, 100, 28), (35, 100, 38), (1_000, -1_000, 1), (1, -500, 1),
            (3, -500, 2), (1, 500, 2), (3, 500, 4), (1_000, 1, 1_001), (499, 1, 499), (501, 1, 502),
            (500, 1, 500), (1_500, 1, 1_502),
        ] as [(Int64, Int, Int64)])
    func `rounds halves to even, to the unit`(base: Int64, permille: Int, unit: Int64) {
        #expect(price(base, Self.rule(.permille(permille))) == unit)
    }

    @Test func `never gives anything away, nor asks for more than can be written`() {
        #expect(price(100, Self.rule(.amount(.cents(-100)))) == 1)
        #expect(price(100, Self.rule(.amount(.cents(-Int64.max)))) == 1)
        #expect(price(UnitPrice.amountMax, Self.rule(.permille(10_000))) == UnitPrice.amountMax)
        #expect(price(.max, Self.rule(.amount(.cents(.max)))) == UnitPrice.amountMax)
    }

    @Test func `applies rules by priority, the older of two alike first`() throws {
        let percent = Self.rule(.permille(-500), priority: 2)
        let amount = Self.rule(.amount(.cents(-200)), priority: 1)
        #expect(price(1_000, percent, amount) == 400)
        #expect(price(1_000, amount, percent) == 400)
        let older = Self.rule(.permille(-500), createdAt: Self.noon - 1)
        let newer = Self.rule(.amount(.cents(-200)))
        #expect(price(1_000, newer, older) == 300)
        let steps = UnitPrice(.cents(1_000), by: [newer, older], in: Self.situation()).steps
        #expect(steps.map(\.amount) == [.cents(-500), .cents(-200)])
        #expect(steps.map(\.rule) == [older, newer])
    }

    @Test func `leaves alone what no rule is for`() throws {
        let yen = Money(amount: 100, currency: try #require(Currency(rawValue: "JPY")))
        #expect(price(1_000, Self.rule(.amount(yen))) == 1_000)
        #expect(price(1_000, Self.rule(.permille(100), isActive: false)) == 1_000)
        #expect(price(1_000) == 1_000)
    }

    @Test(
        arguments: [
            (.leadTime, 7, 14, Self.situation(daysAhead: 6), false),
            (.leadTime, 7, 14, Self.situation(daysAhead: 7), true),
            (.leadTime, 7, 14, Self.situation(daysAhead: 14), true),
            (.leadTime, 7, 14, Self.situation(daysAhead: 15), false),
            (.leadTime, nil, 3, Self.situation(daysAhead: 0), true),
            (.leadTime, 0, nil, Self.situation(), false),
            (.occupancy, 80, nil, Self.situation(percentSold: 79), false),
            (.occupancy, 80, nil, Self.situation(percentSold: 80), true),
            (.occupancy, nil, 20, Self.situation(percentSold: 20), true),
            (.occupancy, nil, 20, Self.situation(percentSold: 21), false),
            (.groupSize, 10, 20, Self.situation(quantity: 9), false),
            (.groupSize, 10, 20, Self.situation(quantity: 10), true),
            (.groupSize, 10, 20, Self.situation(quantity: 20), true),
            (.groupSize, 10, 20, Self.situation(quantity: 21), false),
            (.season, 101, 101, Self.situation(), true),
            (.season, 102, 1_231, Self.situation(), false),
            (.season, 1_220, 101, Self.situation(), true),
            (.season, 1_220, 106, Self.situation(day: noon - 86_400), true),
            (.season, 1_220, 106, Self.situation(day: noon + 6 * 86_400), false),
            (.season, 20_260_101, 20_260_101, Self.situation(), true),
            (.season, 20_260_102, 20_270_101, Self.situation(), false),
            (.season, 20_251_220, 20_251_231, Self.situation(), false),
        ] as [(PricingRule.Kind, Int?, Int?, PricingSituation, Bool)])
    func `heeds both ends of a range`(
        kind: PricingRule.Kind, from: Int?, to: Int?, situation: PricingSituation, holds: Bool
    ) {
        let price = UnitPrice(
            .cents(1_000), by: [Self.rule(.permille(-100), kind: kind, from: from, to: to)],
            in: situation)
        #expect(price.unit.amount == (holds ? 900 : 1_000))
    }

    @Test(arguments: 1...20)
    func `is the sum of its steps, the same in any sequence of the rules`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let base = Int64.random(in: 1...UnitPrice.amountMax, using: &random)
            var rules = (0..<Int.random(in: 0...8, using: &random)).map { index in
                Self.rule(
                    Bool.random(using: &random)
                        ? .permille(.random(in: -1_000...10_000, using: &random))
                        : .amount(.cents(.random(in: -base...base, using: &random))),
                    priority: .random(in: -1...1, using: &random),
                    createdAt: Self.noon + Double(index % 3))
            }
            let price = UnitPrice(.cents(base), by: rules, in: Self.situation())
            #expect((1...UnitPrice.amountMax).contains(price.unit.amount))
            #expect(base + price.steps.map(\.amount.amount).reduce(0, +) == price.unit.amount)
            rules.shuffle(using: &random)
            #expect(UnitPrice(.cents(base), by: rules, in: Self.situation()) == price)
        }
    }

    @Test(arguments: 1...10)
    func `rounds no further than half a unit`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let numerator = Int128(Int64.random(in: -(1 << 60)...(1 << 60), using: &random))
            let denominator = Int128.random(in: 1...5_000, using: &random)
            let rounded = UnitPrice.halfEven(numerator, over: denominator)
            let error = 2 * (rounded * denominator - numerator)
            #expect(abs(error) <= denominator)
            if abs(error) == denominator { #expect(rounded.isMultiple(of: 2)) }
        }
    }

    @Test(
        arguments: [
            ("12-24", 1_224), ("02-29", 229), ("2026-12-24", 20_261_224),
            ("2024-02-29", 20_240_229),
            ("2026-02-29", nil), ("13-01", nil), ("00-10", nil), ("12-32", nil), ("1-1", nil),
            ("2026-1-1", nil), ("26-12-24", nil), ("", nil), ("1224", nil), ("+1-02", nil),
        ] as [(String, Int?)])
    func `reads days of a season`(text: String, number: Int?) {
        #expect(CalendarDay.number(text) == number)
        if let number { #expect(CalendarDay.text(number) == text) }
    }
}
