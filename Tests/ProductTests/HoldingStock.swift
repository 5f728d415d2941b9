import Events
import FlotillaTesting
import Foundation
import OrderContract
import ProductContract
import Testing

@testable import Product

/// A module that hears of orders, and its shelves.
struct Shop: Sendable {
    let harness: ModuleHarness<ProductModule>
    let shelf: Shelf
    var time: TestTime { harness.time }

    init(settings: [String: String] = [:]) async throws {
        harness = try await ModuleHarness(ProductModule.self, settings: settings)
        shelf = Shelf(of: harness)
    }

    /// Places an order as Order does.
    @discardableResult
    func order(
        _ lines: [(VariantID, Int)], by user: UserID = UserID(), as order: OrderID = OrderID()
    ) async throws -> OrderID {
        let price = Money.cents(100)
        try await harness.publish(
            OrderCreated(
                orderID: order, userID: user, kind: "standard",
                items: lines.map { .init(productID: $0.0, quantity: $0.1, unitPrice: price) },
                total: price, createdAt: time.now))
        try await harness.settle()
        return order
    }

    func requestPayment(of order: OrderID, by payBy: Date) async throws {
        try await harness.publish(
            OrderPaymentRequested(
                orderID: order, userID: UserID(), attempt: 1,
                amount: Money.cents(100), payBy: payBy,
                requestedAt: time.now))
        try await harness.settle()
    }

    func pay(_ order: OrderID, _ lines: [(VariantID, Int)]) async throws {
        try await harness.publish(
            OrderPaid(
                orderID: order, userID: UserID(), paymentID: PaymentID(),
                items: lines.map { OrderLine(productID: $0.0, quantity: $0.1) },
                amount: Money.cents(100), paidAt: time.now))
        try await harness.settle()
    }

    func cancel(_ order: OrderID) async throws {
        let nothing = Money.cents(0)
        try await harness.publish(
            OrderCancelled(
                orderID: order, userID: UserID(), reason: "customer", fee: nothing,
                refund: nothing, cancelledAt: time.now))
        try await harness.settle()
    }

    func refusals() async throws -> [StockRefused] {
        try await harness.published(StockRefused.self)
    }

    /// Everything that was said of an order's stock, in words.
    func words(of order: OrderID) async throws -> [String] {
        let said: [(Date, String)] =
            try await harness.published(StockHeld.self).filter { $0.orderID == order }
            .map { ($0.heldAt, "held") }
            + harness.published(StockRefused.self).filter { $0.orderID == order }
            .map { ($0.refusedAt, $0.reason) }
            + harness.published(StockAllocated.self).filter { $0.orderID == order }
            .map { ($0.allocatedAt, "allocated") }
            + harness.published(StockReleased.self).filter { $0.orderID == order }
            .map { ($0.releasedAt, $0.reason) }
        return said.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

@Suite struct `Holding stock for an order` {
    @Test func `sets it aside and says until when`() async throws {
        let shop = try await Shop(settings: ["product.holdDuration": "5m"])
        let variant = try await shop.shelf.put("A", onHand: 3)
        let order = try await shop.order([(variant, 2)])
        let events = try await shop.harness.published(StockHeld.self)
        #expect(events.map(\.orderID) == [order])
        #expect(events.first?.expiresAt == shop.time.now + 300)
        let level = try await shop.shelf.level(of: variant)
        #expect(level.reserved == 2)
        #expect(level.available == 1)
        #expect(try await shop.shelf.state(of: order) == .held)
        try await shop.shelf.check()
    }

    @Test func `sums up lines of the same variant`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 3)
        let order = try await shop.order([(variant, 2), (variant, 2)])
        #expect(try await shop.words(of: order) == ["insufficient_stock"])
        #expect(
            try await shop.refusals().map(\.shortages) == [
                [.init(productID: variant, requested: 4, available: 3)]
            ])
        let other = try await shop.order([(variant, 2), (variant, 1)])
        #expect(try await shop.words(of: other) == ["held"])
        try await shop.shelf.check()
    }

    @Test func `takes all lines or none`() async throws {
        let shop = try await Shop()
        let plenty = try await shop.shelf.put("A", onHand: 10)
        let scarce = try await shop.shelf.put("B", onHand: 1)
        let order = try await shop.order([(plenty, 5), (scarce, 2)])
        #expect(try await shop.words(of: order) == ["insufficient_stock"])
        #expect(
            try await shop.refusals().map(\.shortages) == [
                [.init(productID: scarce, requested: 2, available: 1)]
            ])
        #expect(try await shop.shelf.level(of: plenty).reserved == 0)
        #expect(try await shop.shelf.level(of: scarce).reserved == 0)
        #expect(try await shop.harness.published(StockHeld.self).isEmpty)
        try await shop.shelf.check()
    }

    @Test func `refuses what is not known, not sold, or not in such numbers`() async throws {
        let shop = try await Shop()
        let sold = try await shop.shelf.put("A", onHand: 10, quantities: 2...4)
        let inactive = try await shop.shelf.put("B", onHand: 10, isActive: false)
        let archived = try await shop.shelf.put("C", onHand: 10, status: "archived")
        let limited = try await shop.shelf.put("D", onHand: 10, customerMax: 3)
        let over = try await shop.shelf.put("E", onHand: 10, startsAt: shop.time.now)
        for (lines, reason) in [
            ([(VariantID(), 1), (inactive, 1)], "unknown_product"),
            ([(inactive, 1), (sold, 9)], "not_for_sale"), ([(archived, 1)], "not_for_sale"),
            ([(over, 1)], "not_for_sale"),
            ([(sold, 1)], "limit_exceeded"), ([(sold, 5)], "limit_exceeded"),
            ([(sold, 2), (sold, 3)], "limit_exceeded"), ([(limited, 4)], "limit_exceeded"),
            ([(sold, Int.max), (sold, 2)], "limit_exceeded"), ([(limited, -1)], "limit_exceeded"),
        ] {
            let order = try await shop.order(lines)
            #expect(try await shop.words(of: order) == [reason])
            #expect(try await shop.shelf.state(of: order) == .refused)
        }
        for variant in [sold, inactive, archived, limited, over] {
            #expect(try await shop.shelf.level(of: variant).reserved == 0)
        }
        try await shop.shelf.check()
    }

    @Test func `sells beyond what there is as far as that is allowed`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 10, overbookingPercent: 25)
        let order = try await shop.order([(variant, 12)])
        #expect(try await shop.words(of: order) == ["held"])
        let next = try await shop.order([(variant, 1)])
        #expect(try await shop.words(of: next) == ["insufficient_stock"])
        try await shop.shelf.check()
    }

    @Test func `counts what a customer has already, as long as they have it`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 100, customerMax: 3)
        let user = UserID()
        let first = try await shop.order([(variant, 2)], by: user)
        let second = try await shop.order([(variant, 2)], by: user)
        #expect(try await shop.words(of: second) == ["limit_exceeded"])
        #expect(
            try await shop.refusals().map(\.shortages) == [
                [.init(productID: variant, requested: 2, available: 1)]
            ])
        try await shop.pay(first, [(variant, 2)])
        let third = try await shop.order([(variant, 2)], by: user)
        #expect(try await shop.words(of: third) == ["limit_exceeded"])
        try await shop.cancel(first)
        let fourth = try await shop.order([(variant, 3)], by: user)
        #expect(try await shop.words(of: fourth) == ["held"])
        try await shop.shelf.check()
    }

    @Test func `tells when a variant runs out or comes back, once each`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 2)
        let first = try await shop.order([(variant, 1)])
        #expect(try await shop.harness.published(ProductOutOfStock.self).isEmpty)
        let second = try await shop.order([(variant, 1)])
        #expect(try await shop.harness.published(ProductOutOfStock.self).map(\.sku) == ["A"])
        try await shop.pay(first, [(variant, 1)])
        try await shop.order([(variant, 1)])
        #expect(try await shop.harness.published(ProductOutOfStock.self).count == 1)
        #expect(try await shop.harness.published(ProductBackInStock.self).isEmpty)
        try await shop.cancel(first)
        try await shop.cancel(second)
        let back = try await shop.harness.published(ProductBackInStock.self)
        #expect(back.map(\.available) == [1])
        let changes = try await shop.harness.published(ProductStockChanged.self)
        #expect(changes.map(\.reason) == ["allocation", "return"])
        #expect(changes.map(\.allocated) == [1, 0])
        try await shop.shelf.check()
    }

    @Test func `bears every event twice`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 10)
        let paid = try await shop.order([(variant, 2)])
        try await shop.requestPayment(of: paid, by: shop.time.now + 900)
        try await shop.pay(paid, [(variant, 2)])
        let cancelled = try await shop.order([(variant, 3)])
        try await shop.cancel(cancelled)
        let returned = try await shop.order([(variant, 4)])
        try await shop.pay(returned, [(variant, 4)])
        try await shop.cancel(returned)
        let refused = try await shop.order([(variant, 11)])
        let before = try await shop.shelf.level(of: variant)
        #expect((before.allocated, before.reserved) == (2, 0))
        for _ in 0..<3 {
            try await shop.harness.forgetHandled()
            try await shop.harness.redeliverEverything()
            #expect(try await shop.shelf.level(of: variant) == before)
            #expect(try await shop.words(of: paid) == ["held", "allocated"])
            #expect(try await shop.words(of: cancelled) == ["held", "cancelled"])
            #expect(try await shop.words(of: returned) == ["held", "allocated", "returned"])
            #expect(try await shop.words(of: refused) == ["insufficient_stock"])
            try await shop.shelf.check()
        }
    }
}
