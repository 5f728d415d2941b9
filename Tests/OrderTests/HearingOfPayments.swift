import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import PaymentContract
import Testing

@Suite(.serialized) struct `Hearing of a payment` {
    private let caller = TestCaller()

    @Test(arguments: [
        (PaymentCompleted.Status.completed, "paid"), (.failed, "payment_failed"),
    ])
    func `settles the order`(result: PaymentCompleted.Status, status: String) async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let order = try await harness.place(as: caller)
        let other = try await harness.place(as: caller)
        try await harness.publish(PaymentCompleted.sample(order.id, result))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).status == status)
        #expect(try await harness.show(other.id, as: caller).status == "pending")
        #expect(try await harness.parked(at: "order.payments").isEmpty)
    }

    @Test func `takes the same event for one`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let order = try await harness.place(as: caller)
        try await harness.publish(PaymentCompleted.sample(order.id, .completed))
        try await harness.settle()
        try await harness.redeliverEverything()
        #expect(try await harness.show(order.id, as: caller).status == "paid")
        #expect(try await harness.parked(at: "order.payments").isEmpty)
    }

    @Test(arguments: [PaymentCompleted.Status.completed, .failed])
    func `parks a second result as a dead letter, and changes nothing`(
        second: PaymentCompleted.Status
    ) async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let order = try await harness.place(as: caller)
        try await harness.publish(PaymentCompleted.sample(order.id, .failed))
        let id = try await harness.publish(PaymentCompleted.sample(order.id, second))
        try await harness.settle()
        let parked = try await harness.parked(at: "order.payments")
        #expect(parked.map(\.id) == [id])
        #expect(parked.map(\.state) == ["dead"])
        #expect(parked.map(\.attempts) == [1])
        harness.time.advance(by: .seconds(3_600))
        try await harness.settle()
        #expect(try await harness.parked(at: "order.payments") == parked)
        #expect(try await harness.show(order.id, as: caller).status == "payment_failed")
    }

    @Test func `parks the result of an order that nobody knows, and goes on`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let order = try await harness.place(as: caller)
        let stray = try await harness.publish(PaymentCompleted.sample(OrderID(), .completed))
        try await harness.publish(PaymentCompleted.sample(order.id, .completed))
        try await harness.settle()
        #expect(try await harness.parked(at: "order.payments").map(\.id) == [stray])
        #expect(try await harness.show(order.id, as: caller).status == "paid")
    }
}
