import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import ProductContract
import Testing
import Web

@Suite(.serialized) struct `Ending an order` {
    private let caller = TestCaller()

    @Test func `is what refused stock does`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "rejected", as: caller)
        #expect(order.status == "rejected")
        #expect(try await harness.published(OrderRejected.self).map(\.orderID) == [order.id])
        #expect(try await harness.published(OrderPaymentRequested.self).isEmpty)
        #expect(try await harness.published(OrderRefundRequested.self).isEmpty)
    }

    @Test(arguments: [
        ("awaiting_stock", "expired"), ("awaiting_payment", "expired"),
        ("payment_failed", "cancelled"), ("paid", "awaiting_payment"),
        ("confirmed", "confirmed"), ("rejected", "rejected"), ("cancelled", "cancelled"),
    ])
    func `comes with the deadline, where there is something to end`(
        state: String, end: String
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        // Not every deadline falls on a whole second.
        harness.time.advance(by: .milliseconds(1_237))
        let order = try await harness.place(until: state, as: caller)
        harness.time.advance(by: .seconds(899))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).state == order.state)
        harness.time.advance(by: .seconds(2))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).state == end)
        let isExpired = end == "expired"
        #expect(try await harness.published(OrderExpired.self).count == (isExpired ? 1 : 0))
        #expect(try await harness.parked(at: "order.deadlines").isEmpty)
    }

    @Test func `is put off by each attempt to pay`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(as: caller)
        for attempt in 1...3 {
            harness.time.advance(by: .seconds(600))
            if attempt == 1 {
                try await harness.hold(order)
            } else {
                try await harness.hear(
                    PaymentCompleted.sample(order, .failed, attempt: attempt - 1))
                _ = try await harness.send(
                    .post, "/api/v1/orders/\(order.id)/payments", as: caller)
            }
            try await harness.settle()
            #expect(try await harness.show(order.id, as: caller).state == "awaiting_payment")
        }
        harness.time.advance(by: .seconds(901))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).state == "expired")
    }

    @Test(arguments: ["expired", "cancelled", "rejected"])
    func `is for good: late stock changes nothing and is noted`(state: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        try await harness.hold(order)
        try await harness.allocate(order)
        try await harness.refuseStock(of: order)
        try await harness.hear(
            StockReleased(
                orderID: order.id, reason: "expired", releasedAt: harness.time.now))
        #expect(try await harness.show(order.id, as: caller) == order)
        let notes = try await harness.timeline(order.id, as: caller).suffix(4)
        #expect(notes.map(\.detail.note) == Array(repeating: "already_ended", count: 4))
        #expect(try await harness.published(OrderPaymentRequested.self).isEmpty)
        #expect(try await harness.published(OrderConfirmed.self).isEmpty)
    }

    @Test func `survives the loss of its hold while it is paid`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "awaiting_payment", as: caller)
        try await harness.hear(
            StockReleased(
                orderID: order.id, reason: "expired", releasedAt: harness.time.now))
        try await harness.hear(PaymentCompleted.sample(order))
        try await harness.allocate(order)
        #expect(try await harness.show(order.id, as: caller).state == "confirmed")
    }

    @Test(arguments: [
        "expired", "cancelled", "rejected", "awaiting_payment", "payment_failed", "paid",
        "confirmed",
    ])
    func `or any other step is the same when everything is delivered again`(
        state: String
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        let story = try await harness.timeline(order.id, as: caller)
        let counts = try await harness.counts()
        try await harness.redeliverEverything()
        // Even without the memory of what was handled.
        for _ in 0..<2 {
            try await harness.forgetHandled()
            try await harness.redeliverEverything()
        }
        #expect(try await harness.show(order.id, as: caller) == order)
        #expect(try await harness.timeline(order.id, as: caller) == story)
        #expect(try await harness.counts() == counts)
    }

    @Test func `parks what is said of an order that nobody knows`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let stray = try await harness.publish(
            StockAllocated(orderID: OrderID(), allocatedAt: harness.time.now))
        try await harness.settle()
        #expect(try await harness.parked(at: "order.stock").map(\.id) == [stray])
        #expect(try await harness.parked(at: "order.stock").map(\.state) == ["dead"])
    }
}

extension ModuleHarness where M == OrderModule {
    /// How many events of each kind were published.
    fileprivate func counts() async throws -> [Int] {
        [
            try await published(OrderCreated.self).count,
            try await published(OrderPaymentRequested.self).count,
            try await published(OrderPaid.self).count,
            try await published(OrderConfirmed.self).count,
            try await published(OrderRejected.self).count,
            try await published(OrderExpired.self).count,
            try await published(OrderCancelled.self).count,
            try await published(OrderRefundRequested.self).count,
        ]
    }
}
