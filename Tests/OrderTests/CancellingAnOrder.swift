import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import Testing
import Web

private struct TermsSeen: Decodable {
    let fee: Money
    let refund: Money
}

@Suite(.serialized) struct `Cancelling an order` {
    private let caller = TestCaller()

    @Test(arguments: ["awaiting_stock", "awaiting_payment", "payment_failed"])
    func `costs nothing before it is paid`(state: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place([(.tour, 1)], until: state, as: caller)
        let answer = try await harness.cancel(order.id, as: caller, body: #"{"reason":"rain"}"#)
        #expect(answer.status == .ok)
        let seen = try answer.read(OrderSeen.self)
        #expect(seen.state == "cancelled")
        #expect(seen.endReason == "customer")
        let told = try await harness.published(OrderCancelled.self)
        #expect(told.map(\.fee) == [.euro(0)])
        #expect(told.map(\.refund) == [.euro(0)])
        #expect(told.map(\.reason) == ["customer"])
        #expect(try await harness.published(OrderRefundRequested.self).isEmpty)
    }

    @Test(
        arguments: [
            ("paid", 0, 5_000), ("confirmed", 0, 5_000), ("confirmed", 9, 10_001),
        ] as [(String, Double, Int64)])
    func `costs the fee of the day once it is paid`(
        state: String, days: Double, fee: Int64
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        // 100.01 euro in ten days: half is kept, to the even cent, and all on the last day.
        let order = try await harness.place([(.tour, 1)], until: state, as: caller)
        harness.time.advance(by: .seconds(days * 86_400))
        let terms = try await harness.send(
            .get, "/api/v1/orders/\(order.id)/cancellation", as: caller)
        let tag = try #require(terms.headers[.eTag])
        #expect(try terms.read(TermsSeen.self).fee == .euro(fee))
        #expect(try terms.read(TermsSeen.self).refund == .euro(10_001 - fee))
        let answer = try await harness.cancel(order.id, as: caller, ifMatch: tag)
        #expect(answer.status == .ok)
        #expect(try answer.read(OrderSeen.self).fee == .euro(fee))
        let told = try await harness.published(OrderCancelled.self)
        #expect(told.map(\.fee) == [.euro(fee)])
        #expect(told.map(\.refund) == [.euro(10_001 - fee)])
        let refunds = try await harness.published(OrderRefundRequested.self)
        #expect(refunds.map(\.amount) == (fee == 10_001 ? [] : [.euro(10_001 - fee)]))
    }

    @Test func `is free for what has no date`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        _ = try await harness.cancel(order.id, as: caller)
        let refund = try #require(try await harness.published(OrderRefundRequested.self).first)
        #expect(refund.amount == order.total)
        #expect(refund.reason == "cancelled")
        let changes = try await harness.published(OrderFulfilmentChanged.self)
        #expect(changes.map(\.newStatus) == ["cancelled"])
        try await harness.hear(PaymentRefunded.sample(refund))
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.status == "cancelled")
        #expect(seen.paymentStatus == "refunded")
        #expect(seen.fulfilmentStatus == "cancelled")
    }

    @Test(arguments: [
        ("rejected", "order.not_cancellable"), ("expired", "order.not_cancellable"),
        ("cancelled", "order.already_cancelled"),
    ])
    func `is refused once it has ended, and changes nothing`(
        state: String, code: String
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        let count = try await harness.published(OrderCancelled.self).count
        let answer = try await harness.cancel(order.id, as: caller)
        #expect(answer.status == .conflict)
        #expect(try answer.read(ProblemSeen.self).code == code)
        let preview = try await harness.send(
            .get, "/api/v1/orders/\(order.id)/cancellation", as: caller)
        #expect(try preview.read(ProblemSeen.self).code == code)
        #expect(try await harness.show(order.id, as: caller) == order)
        #expect(try await harness.published(OrderCancelled.self).count == count)
    }

    @Test func `needs the version that was seen, and of two only one succeeds`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        let tag = try #require(
            try await harness.send(.get, "/api/v1/orders/\(order.id)", as: caller)
                .headers[.eTag])
        let without = try await harness.send(
            .post, "/api/v1/orders/\(order.id)/cancellation", as: caller)
        #expect(without.status == .preconditionRequired)
        let stale = try await harness.cancel(order.id, as: caller, ifMatch: "\"v1\"")
        #expect(stale.status == .preconditionFailed)
        async let first = harness.cancel(order.id, as: caller, ifMatch: tag)
        async let second = harness.cancel(order.id, as: caller, ifMatch: tag)
        let codes = try await [first, second].map(\.status.code).sorted()
        #expect(codes == [200, 412])
        #expect(try await harness.published(OrderCancelled.self).count == 1)
        #expect(try await harness.published(OrderRefundRequested.self).count == 1)
    }

    @Test func `sends the money back once, though it is paid at the same moment`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "awaiting_payment", as: caller)
        try await harness.publish(PaymentCompleted.sample(order))
        async let answer = harness.cancel(order.id, as: caller)
        try await harness.settle()
        #expect(try await answer.status == .ok)
        harness.time.advance(by: .seconds(60))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).state == "cancelled")
        let refunds = try await harness.published(OrderRefundRequested.self)
        #expect(refunds.map(\.amount) == [order.total])
        #expect(try await harness.parked(at: "order.payments").isEmpty)
    }

    @Test func `is not for strangers, nor are the other things`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "payment_failed", as: caller)
        let stranger = TestCaller()
        #expect(try await harness.cancel(order.id, as: stranger).status == .notFound)
        for (method, what) in [
            (HTTPRequest.Method.get, ""), (.get, "/timeline"), (.get, "/cancellation"),
            (.post, "/payments"),
        ] {
            let answer = try await harness.send(
                method, "/api/v1/orders/\(order.id)\(what)", as: stranger)
            #expect(answer.status == .notFound)
            #expect(try answer.read(ProblemSeen.self).code == "order.not_found")
        }
        #expect(try await harness.show(order.id, as: caller) == order)
    }
}
