import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import Storage
import Testing

@testable import Payment

@Suite struct `Asking the simulated provider` {
    private static let price = Money.euros(1)

    /// The same ten thousand ids on every run.
    private static let ids = (0..<10_000).map { number in
        PaymentID(
            UUID(uuidString: "01970000-0000-7000-8000-0000\(String(format: "%08x", number))")!)
    }

    private func provider(_ seed: String, _ percentage: Int = 90) -> SimulatedPaymentProvider {
        SimulatedPaymentProvider(
            seed: seed, successPercentage: percentage, database: .absent("payment"))
    }

    @Test(arguments: ["flotilla", "", "another", "🚢"])
    func `succeeds nine times of ten`(seed: String) {
        let provider = provider(seed)
        let count = Self.ids.count { provider.failure(of: $0, Self.price) == nil }
        #expect((8_900...9_100).contains(count))
    }

    @Test(arguments: [0, 50, 100]) func `succeeds as often as it is told to`(percentage: Int) {
        let provider = provider("s", percentage)
        let count = Self.ids.count { provider.failure(of: $0, Self.price) == nil }
        #expect(abs(count - percentage * 100) <= (percentage == 50 ? 200 : 0))
    }

    @Test func `answers the same each time, for one seed`() {
        let (one, same, other) = (provider("s"), provider("s"), provider("t"))
        let answers = Self.ids.prefix(1_000).map { one.failure(of: $0, Self.price) }
        #expect(answers == Self.ids.prefix(1_000).map { same.failure(of: $0, Self.price) })
        #expect(answers != Self.ids.prefix(1_000).map { other.failure(of: $0, Self.price) })
    }

    @Test func `does not look at the amount, but for the magic ones`() {
        let provider = provider("s")
        let much = Money(amount: .max, currency: Self.price.currency)
        for id in Self.ids.prefix(200) {
            #expect(provider.failure(of: id, Self.price) == provider.failure(of: id, much))
            #expect(provider.failure(of: id, .euros(16_601)) == .cardDeclined)
            #expect(provider.failure(of: id, .euros(6_602)) == .insufficientFunds)
            #expect(provider.failure(of: id, .euros(6_603)) == .expiredCard)
            #expect(provider.failure(of: id, .euros(6_600)) == nil)
        }
    }
}

@Suite(.serialized) struct `Paying a magic amount` {
    private func pay(_ amount: SimulatedAmount) async throws -> (
        ModuleHarness<PaymentModule>, OrderPaymentRequested
    ) {
        let harness = try await ModuleHarness(PaymentModule.self)
        let order = OrderPaymentRequested.sample(amount: 110_000 + amount.rawValue % 10_000)
        try await harness.publish(order)
        try await harness.settle()
        return (harness, order)
    }

    @Test(arguments: [
        SimulatedAmount.success, .cardDeclined, .insufficientFunds, .expiredCard, .toldTwice,
        .refundTimeout,
    ])
    func `comes to the one end that it stands for`(amount: SimulatedAmount) async throws {
        let (harness, order) = try await pay(amount)
        let ends = try await harness.published(PaymentCompleted.self)
        #expect(ends.map(\.failureReason) == [amount.failureCode?.rawValue])
        #expect(try await harness.published(PaymentOutcomeUnknown.self).isEmpty)
        let stays = try await harness.ledger(order.paymentID).map(\.stay)
        #expect(stays == (amount == .toldTwice ? [nil, nil, "repeated"] : [nil, nil]))
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test(arguments: [
        (SimulatedAmount.timeoutThenSuccess, 1), (.timeoutThenFailure, 1), (.lateSuccess, 3),
    ])
    func `is unknown until it was asked for`(
        amount: SimulatedAmount, questionCount: Int
    ) async throws {
        let (harness, order) = try await pay(amount)
        #expect(try await harness.payment(order.paymentID).state == .unknown)
        #expect(try await harness.published(PaymentOutcomeUnknown.self).count == 1)
        for round in 1...questionCount {
            #expect(try await harness.published(PaymentCompleted.self).isEmpty)
            harness.time.advance(by: CheckSchedule.delay(before: round)!)
            try await harness.settle()
        }
        let ends = try await harness.published(PaymentCompleted.self)
        #expect(ends.map(\.failureReason) == [amount.failureCode?.rawValue])
        #expect(try await harness.chargeCount() == 1)
        harness.time.advance(by: .seconds(86_400))
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `answers after a restart as before`() async throws {
        let (harness, order) = try await pay(.timeoutThenSuccess)
        try await harness.restart(isClean: false)
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .completed)
    }

    @Test func `gives back once, though the refund's answer is lost`() async throws {
        let (harness, order) = try await pay(.refundTimeout)
        let refund = order.refund(500)
        try await harness.publish(refund)
        try await harness.settle()
        #expect(try await harness.refund(refund.refundID).state == .unknown)
        #expect(try await harness.payment(order.paymentID).state == .refunding)
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.refund(refund.refundID).state == .completed)
        #expect(try await harness.published(PaymentRefunded.self).map(\.status) == [.completed])
        let calls: Int? = try await harness.database.read {
            try $0.first("SELECT call_count FROM simulated_refunds")?.get("call_count")
        }
        #expect(calls == 1)
        try await harness.checkLedger(of: order.paymentID)
    }
}
