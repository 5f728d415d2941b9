import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import OrderContract
import PaymentContract
import Testing

@testable import Payment

@Suite(.serialized) struct `Losing the provider` {
    private let patience = RetryPolicy(
        attemptCountMax: 4, initialDelay: .seconds(1), delayMax: .seconds(60))

    private func lose(_ mood: FakeProvider.Mood) async throws -> (
        ModuleHarness<FakePaymentModule>, OrderPaymentRequested
    ) {
        let harness = try await ModuleHarness(FakePaymentModule.self, retry: patience)
        harness.module.provider.mood = mood
        let order = OrderPaymentRequested.sample()
        try await harness.publish(order)
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
        return (harness, order)
    }

    @Test func `waits and charges under the same id when it is back`() async throws {
        let (harness, order) = try await lose(.away)
        #expect(try await harness.parked(at: "payment.charge").map(\.state) == ["retrying"])
        #expect(try await harness.payment(order.paymentID).state == .initiated)
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        let completed = try await harness.published(PaymentCompleted.self)
        #expect(completed.map(\.orderID) == [order.orderID])
        #expect(harness.module.provider.charges == [order.paymentID, order.paymentID])
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `loses no order while it is away for ten minutes`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        harness.module.provider.mood = .away
        let order = OrderPaymentRequested.sample()
        try await harness.publish(order)
        for _ in 0..<10 {
            try await harness.settle()
            harness.time.advance(by: .seconds(60))
        }
        harness.module.provider.mood = .fine
        try await harness.settle()
        let completed = try await harness.published(PaymentCompleted.self)
        #expect(completed.map(\.orderID) == [order.orderID])
        #expect(completed.map(\.status) == [.completed])
    }

    @Test func `leaves a dead letter, and the order pending, when it stays away`() async throws {
        let (harness, _) = try await lose(.away)
        for _ in 0..<10 {
            try await harness.settle()
            harness.time.advance(by: .seconds(60))
        }
        #expect(try await harness.parked(at: "payment.charge").map(\.state) == ["dead"])
        #expect(harness.module.provider.charges.count == 4)
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
    }

    @Test func `asks about a charge whose answer was lost, and never repeats it`() async throws {
        let (harness, order) = try await lose(.mute)
        #expect(try await harness.published(PaymentOutcomeUnknown.self).count == 1)
        harness.module.provider.mood = .away
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .unknown)
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(30))
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).map(\.status) == [.completed])
        #expect(harness.module.provider.charges.count == 1)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `gives up what it never heard of after a while, and not before`() async throws {
        let (harness, order) = try await lose(.deaf)
        for seconds in [10, 30] {
            harness.time.advance(by: .seconds(seconds))
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).state == .unknown)
        }
        harness.time.advance(by: .seconds(120))
        try await harness.settle()
        let ends = try await harness.published(PaymentCompleted.self)
        #expect(ends.map(\.failureReason) == ["provider_unreachable"])
        #expect(FailureCode.providerUnreachable.isRetryable)
        #expect(harness.module.provider.charges.count == 1)
    }

    @Test func `asks, after a crash between the call and its answer`() async throws {
        let (harness, order) = try await lose(.deadly)
        #expect(try await harness.payment(order.paymentID).state == .processing)
        harness.module.provider.mood = .fine
        try await harness.restart(isClean: false)
        try await harness.settle()
        #expect(try await harness.published(PaymentCompleted.self).map(\.status) == [.completed])
        #expect(harness.module.provider.charges.count == 1)
        #expect(harness.module.provider.questionCount == 1)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `leaves it to a person when it does not know for days`() async throws {
        let (harness, order) = try await lose(.mute)
        harness.module.provider.mood = .away
        for round in 1...CheckSchedule.roundCountMax {
            harness.time.advance(by: CheckSchedule.delay(before: round)!)
            try await harness.settle()
        }
        let payment = try await harness.payment(order.paymentID)
        #expect(payment.state == .unknown)
        #expect(payment.needsReview)
        let report = try await harness.module.payment.reconcile()
        #expect(report.differences.map(\.kind) == [.needsReview])
        #expect(!report.isBalanced)
        #expect(harness.module.provider.questionCount == CheckSchedule.roundCountMax)
        // Somebody looked, and the provider is there again.
        harness.module.provider.mood = .fine
        let answer = try await harness.send(
            .post, "/api/v1/payments/\(order.paymentID)/checks",
            as: TestCaller(permissions: ["payments:write"]))
        #expect(answer.status == .accepted)
        try await harness.settle()
        #expect(try await harness.payment(order.paymentID).state == .completed)
        try await harness.checkLedger(of: order.paymentID)
    }
}
