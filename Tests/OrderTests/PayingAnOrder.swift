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

@Suite(.serialized) struct `Paying an order` {
    private let caller = TestCaller()

    @Test func `goes from stock to payment to booking`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place([(.first, 2), (.second, 1)], as: caller)
        #expect(order.state == "awaiting_stock")
        try await harness.hold(order)
        let waiting = try await harness.show(order.id, as: caller)
        #expect(waiting.state == "awaiting_payment")
        #expect(waiting.paymentStatus == "pending")
        #expect(waiting.payBy == harness.time.now + 900)
        let asked = try #require(try await harness.published(OrderPaymentRequested.self).first)
        #expect(asked.orderID == order.id)
        #expect(asked.attempt == 1)
        #expect(asked.amount == order.total)
        #expect(asked.payBy == waiting.payBy)
        let payment = PaymentCompleted.sample(order)
        try await harness.hear(payment)
        let paid = try await harness.show(order.id, as: caller)
        #expect(paid.state == "awaiting_payment")
        #expect(paid.status == "pending")
        #expect(paid.paymentStatus == "paid")
        let told = try #require(try await harness.published(OrderPaid.self).first)
        #expect(told.paymentID == payment.paymentID)
        #expect(
            told.items == [
                .init(productID: .first, quantity: 2), .init(productID: .second, quantity: 1),
            ])
        try await harness.allocate(order)
        let booked = try await harness.show(order.id, as: caller)
        #expect(booked.state == "confirmed")
        #expect(booked.status == "paid")
        #expect(booked.payBy == nil)
        let confirmed = try await harness.published(OrderConfirmed.self)
        #expect(confirmed.map(\.paymentID) == [payment.paymentID])
        #expect(confirmed.map(\.number) == [order.number])
        #expect(
            try await harness.timeline(order.id, as: caller).map(\.occurrence) == [
                "placed", "stock_held", "payment_requested", "paid", "stock_allocated",
            ])
    }

    @Test func `is tried again after a failure, three times in all`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "payment_failed", as: caller)
        #expect(order.status == "payment_failed")
        for attempt in 2...3 {
            let answer = try await harness.send(
                .post, "/api/v1/orders/\(order.id)/payments", as: caller)
            #expect(answer.status == .accepted)
            #expect(try answer.read(OrderSeen.self).attempt == attempt)
            try await harness.hear(PaymentCompleted.sample(order, .failed, attempt: attempt))
        }
        let asked = try await harness.published(OrderPaymentRequested.self)
        #expect(asked.map(\.attempt) == [1, 2, 3])
        let refused = try await harness.send(
            .post, "/api/v1/orders/\(order.id)/payments", as: caller)
        #expect(refused.status == .conflict)
        #expect(try refused.read(ProblemSeen.self).code == "order.attempts_exhausted")
        harness.time.advance(by: .seconds(901))
        try await harness.settle()
        let ended = try await harness.show(order.id, as: caller)
        #expect(ended.state == "cancelled")
        #expect(ended.endReason == "payment_failed")
        let told = try await harness.published(OrderCancelled.self)
        #expect(told.map(\.reason) == ["payment_failed"])
        #expect(told.map(\.refund) == [.euro(0)])
    }

    @Test func `succeeds at the second attempt, and the first one's end comes late`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "payment_failed", as: caller)
        _ = try await harness.send(.post, "/api/v1/orders/\(order.id)/payments", as: caller)
        try await harness.hear(PaymentCompleted.sample(order, .failed, attempt: 1))
        #expect(try await harness.show(order.id, as: caller).state == "awaiting_payment")
        try await harness.hear(PaymentCompleted.sample(order, attempt: 2))
        try await harness.allocate(order)
        #expect(try await harness.show(order.id, as: caller).state == "confirmed")
    }

    @Test(arguments: [
        ("awaiting_stock", "order.not_payable"), ("awaiting_payment", "order.not_payable"),
        ("expired", "order.not_payable"), ("confirmed", "order.already_confirmed"),
    ])
    func `can't be tried again in other states`(state: String, code: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        let answer = try await harness.send(
            .post, "/api/v1/orders/\(order.id)/payments", as: caller)
        #expect(answer.status == .conflict)
        #expect(try answer.read(ProblemSeen.self).code == code)
        #expect(try await harness.show(order.id, as: caller) == order)
    }

    @Test(arguments: ["expired", "cancelled", "rejected"])
    func `too late sends the money back`(state: String) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        let payment = PaymentCompleted.sample(order)
        try await harness.hear(payment)
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.state == state)
        #expect(seen.paymentStatus == "refund_pending")
        let refund = try #require(try await harness.published(OrderRefundRequested.self).first)
        #expect(refund.reason == "late_payment")
        #expect(refund.amount == order.total)
        #expect(refund.paymentID == payment.paymentID)
        try await harness.hear(PaymentRefunded.sample(refund))
        let back = try await harness.show(order.id, as: caller)
        #expect(back.state == state)
        #expect(back.paymentStatus == "refunded")
        #expect(back.refunded == order.total)
        #expect(try await harness.published(OrderPaid.self).isEmpty)
    }

    @Test func `twice sends the second back`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "confirmed", as: caller)
        let second = PaymentCompleted.sample(order, attempt: 2)
        try await harness.hear(second)
        try await harness.hear(second)
        let refunds = try await harness.published(OrderRefundRequested.self)
        #expect(refunds.map(\.reason) == ["duplicate_payment"])
        #expect(refunds.map(\.paymentID) == [second.paymentID])
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.state == "confirmed")
        #expect(seen.paymentStatus == "paid")
    }

    @Test(arguments: [Money.euro(1_998), .euro(2_000), Money(amount: 1_999, currency: .dollar)])
    func `otherwise than was due waits for a person`(amount: Money) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "awaiting_payment", as: caller)
        try await harness.hear(PaymentCompleted.sample(order, amount: amount))
        try await harness.allocate(order)
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.state == "awaiting_payment")
        #expect(seen.paymentStatus == "review")
        #expect(try await harness.published(OrderPaid.self).isEmpty)
        #expect(try await harness.published(OrderConfirmed.self).isEmpty)
        #expect(try await harness.published(OrderRefundRequested.self).isEmpty)
    }

    @Test func `is given back when the stock is refused after it`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "paid", as: caller)
        try await harness.refuseStock(of: order)
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.state == "rejected")
        #expect(seen.endReason == "insufficient_stock")
        #expect(seen.paymentStatus == "refund_pending")
        #expect(try await harness.published(OrderRejected.self).count == 1)
        let refunds = try await harness.published(OrderRefundRequested.self)
        #expect(refunds.map(\.reason) == ["rejected"])
        #expect(refunds.map(\.amount) == [order.total])
    }

    @Test func `is followed while nobody knows, and while it is only set aside`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "awaiting_payment", as: caller)
        let payment = PaymentID()
        try await harness.hear(
            PaymentOutcomeUnknown(
                paymentID: payment, orderID: order.id, userID: caller.userID,
                amount: order.total, since: harness.time.now))
        #expect(try await harness.show(order.id, as: caller).paymentStatus == "unknown")
        try await harness.hear(
            PaymentAuthorized(
                paymentID: payment, orderID: order.id, userID: caller.userID,
                amount: order.total, expiresAt: nil, authorizedAt: harness.time.now))
        #expect(try await harness.show(order.id, as: caller).paymentStatus == "authorized")
        try await harness.hear(
            PaymentVoided(
                paymentID: payment, orderID: order.id, userID: caller.userID,
                amount: order.total, reason: "administrator", voidedAt: harness.time.now))
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.paymentStatus == "voided")
        #expect(seen.state == "awaiting_payment")
    }

    @Test func `is parked when nobody knows its order, and the others go on`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: "awaiting_payment", as: caller)
        let stray = try await harness.publish(
            PaymentCompleted(
                paymentID: PaymentID(), orderID: OrderID(), userID: UserID(),
                amount: order.total, status: .completed, failureReason: nil,
                completedAt: harness.time.now, attempt: 1))
        try await harness.hear(PaymentCompleted.sample(order))
        #expect(try await harness.parked(at: "order.payments").map(\.id) == [stray])
        #expect(try await harness.show(order.id, as: caller).paymentStatus == "paid")
    }
}

extension PaymentRefunded {
    /// A refund that was asked for and came to an end.
    static func sample(
        _ refund: OrderRefundRequested, _ status: Status = .completed
    ) -> PaymentRefunded {
        PaymentRefunded(
            paymentID: refund.paymentID, orderID: refund.orderID, userID: refund.userID,
            refundID: refund.refundID, amount: refund.amount, refundedTotal: refund.amount,
            status: status, failureReason: status == .failed ? "declined" : nil,
            refundedAt: refund.requestedAt)
    }
}
