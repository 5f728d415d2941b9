import Events
import FlotillaTesting
import Foundation
import OrderContract
import ProductContract
import Storage
import Testing

@testable import Product

@Suite struct `Ending a hold` {
    @Test func `gives the pieces back when its time is over, once`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 2)
        let order = try await shop.order([(variant, 2)])
        shop.time.advance(by: .seconds(599))
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: order) == .held)
        shop.time.advance(by: .seconds(1))
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: order) == .expired)
        #expect(try await shop.shelf.level(of: variant).reserved == 0)
        for _ in 0..<3 {
            try await shop.harness.forgetHandled()
            try await shop.harness.redeliverEverything()
        }
        #expect(try await shop.words(of: order) == ["held", "expired"])
        #expect(try await shop.shelf.level(of: variant).available == 2)
        #expect(try await shop.harness.published(ProductBackInStock.self).count == 1)
        try await shop.shelf.check()
    }

    @Test func `needs no sweeper for others to have the pieces`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 2)
        let other = try await shop.shelf.put("B", onHand: 2)
        let late = try await shop.order([(variant, 2), (other, 1)])
        // Time goes on and nobody tidies.
        shop.time.advance(by: .seconds(601))
        #expect(try await shop.shelf.level(of: variant).available == 2)
        #expect(try await shop.shelf.level(of: variant).reserved == 2)
        let stock = shop.shelf.stock
        #expect(try await stock.tryHold([StockDemand(variantID: variant, quantity: 2)]))
        #expect(try await shop.shelf.state(of: late) == .expired)
        #expect(try await shop.shelf.level(of: other).reserved == 0)
        #expect(try await shop.shelf.level(of: variant).available == 0)
        try await shop.shelf.check()
        try await shop.harness.settle()
        #expect(try await shop.shelf.level(of: variant).reserved == 2)
        try await shop.shelf.check()
    }

    @Test func `makes room also for an order that is refused then`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 3)
        let late = try await shop.order([(variant, 3)])
        shop.time.advance(by: .seconds(601))
        let stock = shop.shelf.stock
        #expect(try await !stock.tryHold([StockDemand(variantID: variant, quantity: 4)]))
        #expect(try await shop.shelf.state(of: late) == .expired)
        #expect(try await shop.shelf.level(of: variant).reserved == 0)
        try await shop.shelf.check()
    }

    @Test func `is put off while the order is paid, and never forward`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = try await shop.order([(variant, 1)])
        try await shop.requestPayment(of: order, by: shop.time.now + 900)
        try await shop.requestPayment(of: order, by: shop.time.now + 60)
        shop.time.advance(by: .seconds(1_019))
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: order) == .held)
        shop.time.advance(by: .seconds(1))
        try await shop.harness.settle()
        #expect(try await shop.words(of: order) == ["held", "expired"])
        try await shop.shelf.check()
    }

    @Test func `is made up for when the payment is asked for too late`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = try await shop.order([(variant, 1)])
        shop.time.advance(by: .seconds(600))
        try await shop.harness.settle()
        try await shop.requestPayment(of: order, by: shop.time.now + 900)
        #expect(try await shop.words(of: order).sorted() == ["expired", "held", "held"])
        #expect(try await shop.shelf.level(of: variant).reserved == 1)
        try await shop.pay(order, [(variant, 1)])
        #expect(try await shop.shelf.state(of: order) == .converted)
        try await shop.shelf.check()
    }

    @Test func `is silent when the payment is asked for and the pieces are another's`()
        async throws
    {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = try await shop.order([(variant, 1)])
        shop.time.advance(by: .seconds(600))
        try await shop.harness.settle()
        let other = try await shop.order([(variant, 1)])
        try await shop.requestPayment(of: order, by: shop.time.now + 900)
        #expect(try await shop.words(of: order) == ["held", "expired"])
        #expect(try await shop.shelf.state(of: order) == .expired)
        shop.time.advance(by: .seconds(10))
        try await shop.pay(order, [(variant, 1)])
        #expect(try await shop.words(of: order) == ["held", "expired", "insufficient_stock"])
        #expect(try await shop.shelf.state(of: order) == .refused)
        #expect(try await shop.shelf.state(of: other) == .held)
        try await shop.shelf.check()
    }

    @Test func `is made up for when the money comes late`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = try await shop.order([(variant, 1)])
        shop.time.advance(by: .seconds(600))
        try await shop.harness.settle()
        shop.time.advance(by: .seconds(1))
        try await shop.pay(order, [(variant, 1)])
        #expect(try await shop.words(of: order) == ["held", "expired", "allocated"])
        #expect(try await shop.shelf.level(of: variant).allocated == 1)
        try await shop.shelf.check()
    }

    @Test func `allocates what was never held`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let (order, late) = (OrderID(), OrderID())
        try await shop.pay(order, [(variant, 1)])
        #expect(try await shop.words(of: order) == ["allocated"])
        try await shop.pay(late, [(variant, 1)])
        #expect(try await shop.words(of: late) == ["insufficient_stock"])
        try await shop.order([(variant, 1)], as: order)
        #expect(try await shop.words(of: order) == ["allocated"])
        try await shop.shelf.check()
    }

    @Test func `leaves nothing for an order that ended before it was heard of`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = OrderID()
        try await shop.cancel(order)
        try await shop.order([(variant, 1)], as: order)
        try await shop.requestPayment(of: order, by: shop.time.now + 900)
        try await shop.pay(order, [(variant, 1)])
        #expect(try await shop.words(of: order).isEmpty)
        #expect(try await shop.shelf.state(of: order) == .released)
        #expect(try await shop.shelf.level(of: variant).available == 1)
        try await shop.shelf.check()
    }

    @Test func `is final: what an order lost it does not get again`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let expired = try await shop.order([(variant, 1)])
        try await shop.harness.publish(
            OrderExpired(orderID: expired, userID: UserID(), expiredAt: shop.time.now))
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: expired) == .released)
        let rejected = try await shop.order([(variant, 1)])
        try await shop.harness.publish(
            OrderRejected(
                orderID: rejected, userID: UserID(), reason: "limit_exceeded",
                rejectedAt: shop.time.now))
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: rejected) == .released)
        for order in [expired, rejected] {
            try await shop.requestPayment(of: order, by: shop.time.now + 900)
            try await shop.pay(order, [(variant, 1)])
            #expect(try await shop.harness.published(StockAllocated.self).isEmpty)
        }
        #expect(try await shop.shelf.level(of: variant).available == 1)
        try await shop.shelf.check()
    }

    @Test func `does not take from who pays what nobody tidied yet`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let (order, user) = (try await shop.order([(variant, 1)]), UserID())
        shop.time.advance(by: .seconds(601))
        let stock = shop.shelf.stock
        try await shop.shelf.database.write {
            try stock.allocate(
                order, for: user, [StockDemand(variantID: variant, quantity: 1)], in: $0)
        }
        try await shop.harness.settle()
        #expect(try await shop.shelf.state(of: order) == .converted)
        #expect(try await shop.shelf.level(of: variant).allocated == 1)
        try await shop.shelf.check()
    }

    @Test func `waits once more when the note of it comes before its time`() async throws {
        let shop = try await Shop()
        let variant = try await shop.shelf.put("A", onHand: 1)
        let order = try await shop.order([(variant, 1)])
        let (stock, end) = (shop.shelf.stock, shop.time.now + 600)
        func notes() async throws -> Int {
            try await shop.shelf.database.read { transaction in
                try transaction.first("SELECT COUNT(*) AS notes FROM outbox_scheduled")?
                    .get("notes") ?? 0
            }
        }
        #expect(try await notes() == 1)
        try await shop.shelf.database.write { try stock.expire(order, dueAt: end, in: $0) }
        #expect(try await notes() == 2, "the host's clock is ahead of the one that counts")
        try await shop.shelf.database.write { try stock.expire(order, dueAt: end - 60, in: $0) }
        #expect(try await notes() == 2, "it was put off since, and has a note of its own")
        #expect(try await shop.shelf.state(of: order) == .held)
    }
}
