import Foundation
import Synchronization
import Testing
import Web

@testable import flotilla

@Suite struct `Seeding a shop` {
    @Test func `throws the same dice each time`() {
        var (one, same, other) = (SeedChance("a"), SeedChance("a"), SeedChance("b"))
        let throwsOfOne = (0..<5).map { _ in one.number(in: 1...1_000) }
        #expect(throwsOfOne == (0..<5).map { _ in same.number(in: 1...1_000) })
        #expect(throwsOfOne != (0..<5).map { _ in other.number(in: 1...1_000) })
        #expect(throwsOfOne == [584, 536, 383, 737, 211], "what is sown must not change by itself")
    }

    @Test func `sells two hundred products of three variants, each SKU once`() {
        let products = SeedCatalogue.products
        let skus = products.flatMap(\.variants).map(\.sku)
        #expect(products.count == 200)
        #expect(skus.count == 600 && Set(skus).count == 600)
        #expect(Set(products.map(\.name.en)).count == 200, "and no name twice")
        #expect(Set(products.map(\.kind)) == ["destination", "activity", "package"])
        #expect(products.count { $0.earlierPercent != nil } == 10)
        let currencies = Set(products.flatMap(\.variants).flatMap(\.prices).map(\.currency))
        #expect(currencies == ["EUR", "CHF", "JPY", "USD"])
    }

    @Test func `leaves no placeholder in a text, and knows every category`() {
        let slugs = Set(SeedCategory.all.map(\.slug))
        for product in SeedCatalogue.products {
            for text in [product.name.en, product.name.de, product.text.en, product.text.de] {
                #expect(!text.contains("{") && !text.isEmpty, "\(text)")
            }
            #expect(slugs.isSuperset(of: product.categories), "\(product.categories)")
        }
        var seen: Set<String> = []
        for (slug, _, parent) in SeedCategory.all {
            #expect(parent.map { seen.contains($0) } ?? true, "\(slug) comes before its parent")
            #expect(seen.insert(slug).inserted, "\(slug) is there twice")
        }
    }

    @Test func `knows fifty people by addresses of their own`() {
        let emails = SeedPerson.all.map(\.email)
        #expect(Set(emails).count == 50)
        for email in emails { #expect(email.contains(/^[a-z]+\.[a-z]+@example\.com$/), "\(email)") }
        #expect(!emails.contains(SeedProcess.administrator))
    }

    @Test(arguments: [1, 2, 3, 4])
    func `prices so that the usual party pays a sum that succeeds`(party: Int) {
        for wish in [2_800, 9_900, 62_900] {
            let price = SeedVariant.price(near: wish, party: party)
            #expect(price > 0 && price * party % 10_000 == 6_600, "\(wish) → \(price)")
            #expect(abs(price - wish) <= 7_000, "\(wish) → \(price)")
        }
    }

    @Test func `orders only what it sells, at sums that end as they are to end`() {
        let rules = Set(SeedRule.all.compactMap { SeedCatalogue.productsBySKU[$0.sku]?.name.en })
        var pairs: Set<String> = []
        for order in SeedOrder.plan {
            let product = SeedCatalogue.productsBySKU[order.sku]
            let price = product?.price(of: order.sku, in: order.currency)
            #expect(price != nil, "\(order.sku)")
            let ending = (price?.amount ?? 0) * Int64(order.quantity) % 10_000
            let expected: Set<Int64> =
                switch order.goal {
                case .declined, .exhausted, .calledOff: [6_601, 6_602, 6_603]
                case .unknown: [6_607]
                case .expired: [6_605]
                case .confirmed, .vouchered, .used, .noShow, .soldOut, .cancelled,
                    .partlyRefunded, .refunded:
                    [6_600]
                }
            #expect(expected.contains(ending), "\(order.sku): \(ending)")
            #expect(!rules.contains(product?.name.en ?? ""), "\(order.sku) has no fixed price")
            #expect(
                pairs.insert("\(order.customer) \(order.sku)").inserted,
                "\(order.sku) is ordered twice by the same")
        }
        #expect(Set(SeedOrder.plan.map(\.goal)) == Set(SeedOrder.Goal.allCases))
        #expect(SeedOrder.plan.count == 60)
        #expect(
            SeedSpecial.all.keys.allSatisfy { sku in
                SeedOrder.plan.contains { $0.sku == sku }
            }, "what is special is ordered")
    }

    typealias Goal = SeedOrder.Goal

    @Test(arguments: [
        (Goal.confirmed, SeenOrder(state: "reserved", paymentStatus: "none"), Goal.Step.wait),
        (.confirmed, .init(state: "awaiting_payment", paymentStatus: "paid"), .wait),
        (.confirmed, .init(state: "confirmed", paymentStatus: "paid"), .nothing),
        (.vouchered, .init(state: "confirmed", paymentStatus: "paid"), .issueVoucher),
        (.vouchered, .init(state: "in_fulfilment", paymentStatus: "paid"), .nothing),
        (.used, .init(state: "in_fulfilment", paymentStatus: "paid"), .markUsed),
        (.noShow, .init(state: "in_fulfilment", paymentStatus: "paid"), .markNoShow),
        (.used, .init(state: "completed", paymentStatus: "paid"), .nothing),
        (.declined, .init(state: "payment_failed", paymentStatus: "failed"), .nothing),
        (.exhausted, .init(state: "payment_failed", paymentStatus: "failed"), .payAgain),
        (.exhausted, .init(state: "payment_failed", paymentStatus: "failed", attempt: 3), .nothing),
        (.unknown, .init(state: "awaiting_payment", paymentStatus: "unknown"), .nothing),
        (.unknown, .init(state: "confirmed", paymentStatus: "paid"), .nothing),
        (.expired, .init(state: "awaiting_payment", paymentStatus: "unknown"), .wait),
        (.expired, .init(state: "expired", paymentStatus: "unknown"), .nothing),
        (.calledOff, .init(state: "payment_failed", paymentStatus: "failed"), .cancel),
        (.cancelled, .init(state: "confirmed", paymentStatus: "paid"), .cancel),
        (.cancelled, .init(state: "cancelled", paymentStatus: "refund_pending"), .wait),
        (.partlyRefunded, .init(state: "confirmed", paymentStatus: "paid"), .refundQuarter),
        (
            .partlyRefunded, .init(state: "confirmed", paymentStatus: "partially_refunded"),
            .nothing
        ),
        (.refunded, .init(state: "confirmed", paymentStatus: "paid"), .refundAll),
        (.refunded, .init(state: "confirmed", paymentStatus: "refund_pending"), .wait),
        (.refunded, .init(state: "rejected", paymentStatus: "none"), .nothing),
    ])
    func `takes an order one step further at a time`(
        goal: Goal, order: SeenOrder, step: Goal.Step
    ) {
        #expect(goal.step(for: order) == step)
    }

    @Test func `tells how far it is, in lines or by a bar`() {
        for isTerminal in [false, true] {
            let told = Mutex("")
            let reporter = SeedReporter(isTerminal: isTerminal) { text in
                told.withLock { $0 += text }
            }
            reporter.begin("products", of: 2)
            reporter.step()
            reporter.reach(2)
            reporter.end()
            reporter.end()
            let text = told.withLock { $0 }
            #expect(text.hasSuffix("\n"), "\(text)")
            #expect(text.contains("products: 2 of 2"), "\(text)")
            #expect(text.contains("[====================]") == isTerminal, "\(text)")
        }
    }
}
