import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import Storage
import Testing

@testable import Payment

@Suite(.serialized) struct `Giving money back` {
    private func paid(_ amount: Int64 = 1_000) async throws -> (
        ModuleHarness<FakePaymentModule>, OrderPaymentRequested
    ) {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        let order = OrderPaymentRequested.sample(amount: amount)
        try await harness.publish(order)
        try await harness.settle()
        return (harness, order)
    }

    @Test func `goes in parts, until nothing is left`() async throws {
        let (harness, order) = try await paid()
        for (amount, state) in [(300, PaymentState.partiallyRefunded), (700, .refunded)] {
            try await harness.publish(order.refund(Int64(amount)))
            try await harness.settle()
            #expect(try await harness.payment(order.paymentID).state == state)
        }
        let refunds = try await harness.published(PaymentRefunded.self)
        #expect(refunds.map(\.amount.amount) == [300, 700])
        #expect(refunds.map(\.refundedTotal.amount) == [300, 1_000])
        #expect(refunds.map(\.status) == [.completed, .completed])
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `gives back once, however often it is asked for`() async throws {
        let (harness, order) = try await paid()
        let refund = order.refund(400)
        for _ in 0..<20 { try await harness.publish(refund) }
        try await harness.settle()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(harness.module.provider.refunds == [refund.refundID])
        #expect(try await harness.published(PaymentRefunded.self).count == 1)
        #expect(try await harness.payment(order.paymentID).refundedAmount == 400)
    }

    @Test func `never gives back more than was taken`() async throws {
        let (harness, order) = try await paid()
        try await harness.publish(order.refund(700))
        try await harness.publish(order.refund(301))
        try await harness.settle()
        let refunds = try await harness.published(PaymentRefunded.self)
        #expect(refunds.map(\.failureReason) == [nil, "exceeds_captured"])
        #expect(harness.module.provider.refunds.count == 1)
        #expect(try await harness.payment(order.paymentID).refundedAmount == 700)
    }

    @Test func `holds its bound when many ask at once`() async throws {
        let (harness, order) = try await paid()
        let ledger = harness.module.payment.payments.ledger
        let count = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let result: Void? = try? await harness.database.write { transaction in
                        _ = try ledger.enter(
                            .refundStarted(RefundID(), amount: 300), into: order.paymentID,
                            from: .order, in: transaction)
                    }
                    return result != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 3)
        #expect(try await harness.payment(order.paymentID).refundingAmount == 900)
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `is bounded by the database itself`() async throws {
        let (harness, order) = try await paid()
        await #expect(throws: StorageError.self) {
            try await harness.database.write { transaction in
                try transaction.execute(
                    """
                    UPDATE payments SET refunded_amount = 1001 WHERE id = \(order.paymentID)
                    """)
            }
        }
    }

    @Test func `is refused for what was not taken, or is not there`() async throws {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        harness.module.provider.status = .failed
        let (order, unknown) = (OrderPaymentRequested.sample(), OrderPaymentRequested.sample())
        try await harness.publish(order)
        try await harness.publish(order.refund(1))
        try await harness.publish(unknown.refund(1))
        try await harness.settle()
        let reasons = try await harness.published(PaymentRefunded.self).map(\.failureReason)
        #expect(Set(reasons) == ["not_captured", "unknown_payment"])
        #expect(harness.module.provider.refunds.isEmpty)
    }

    @Test func `asks about what it was not told, after a crash too`() async throws {
        let (harness, order) = try await paid()
        let refund = order.refund(400)
        harness.module.provider.mood = .mute
        try await harness.publish(refund)
        try await harness.settle()
        #expect(try await harness.refund(refund.refundID).state == .unknown)
        try await harness.restart(isClean: false)
        harness.module.provider.mood = .fine
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.refund(refund.refundID).state == .completed)
        #expect(harness.module.provider.refunds == [refund.refundID])
        #expect(try await harness.published(PaymentRefunded.self).count == 1)
        try await harness.checkLedger(of: order.paymentID)
    }
}
