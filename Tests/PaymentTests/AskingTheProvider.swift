import Events
import Foundation
import PaymentContract
import Testing

@testable import Payment

@Suite struct `Asking the simulated provider` {
    private static let price = Money(amount: 1, currency: Currency(rawValue: "EUR")!)

    /// The same ten thousand ids on every run.
    private static let ids = (0..<10_000).map { number in
        PaymentID(
            UUID(uuidString: "01970000-0000-7000-8000-0000\(String(format: "%08x", number))")!)
    }

    private func successCount(seed: String) -> Int {
        let provider = SimulatedPaymentProvider(seed: seed)
        return Self.ids.count { provider.charge($0, Self.price) == .completed }
    }

    @Test(arguments: ["flotilla", "", "another", "🚢"])
    func `succeeds nine times of ten`(seed: String) {
        #expect((8_900...9_100).contains(successCount(seed: seed)))
    }

    @Test func `answers the same each time, for one seed`() {
        let (one, same) = (
            SimulatedPaymentProvider(seed: "s"), SimulatedPaymentProvider(seed: "s")
        )
        let other = SimulatedPaymentProvider(seed: "t")
        let answers = Self.ids.prefix(1_000).map { one.charge($0, Self.price) }
        #expect(answers == Self.ids.prefix(1_000).map { same.charge($0, Self.price) })
        #expect(answers != Self.ids.prefix(1_000).map { other.charge($0, Self.price) })
    }

    @Test func `does not look at the amount`() {
        let provider = SimulatedPaymentProvider(seed: "s")
        let much = Money(amount: .max, currency: Self.price.currency)
        for id in Self.ids.prefix(200) {
            #expect(provider.charge(id, Self.price) == provider.charge(id, much))
        }
    }

    @Test func `refuses with a machine code`() {
        let provider = SimulatedPaymentProvider(seed: "s")
        let refusals = Self.ids.map { provider.charge($0, Self.price) }
            .filter { $0 != .completed }
        #expect(Set(refusals) == [.failed(reason: "card_declined")])
    }
}

@Suite struct `Naming a payment` {
    @Test func `makes one name of one order`() {
        let (order, other) = (OrderID(), OrderID())
        #expect(PaymentID(of: order) == PaymentID(of: order))
        #expect(PaymentID(of: order) != PaymentID(of: other))
        #expect(PaymentID(of: order).uuid != order.uuid)
    }

    @Test func `keeps its name in every release`() throws {
        let order = try #require(OrderID("01970000-0000-7000-8000-000000000001"))
        #expect(PaymentID(of: order).description == "bdc154d6-c4ab-8c73-9c20-463554ece4c4")
    }

    @Test func `is a UUID of version 8`() {
        for _ in 0..<100 {
            let text = Array(PaymentID(of: OrderID()).description)
            #expect(text[14] == "8")
            #expect("89ab".contains(text[19]))
        }
    }
}
