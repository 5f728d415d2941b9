import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import Storage
import Testing

@testable import Payment

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

private let consumer = "payment.charge"

extension ModuleHarness where M == PaymentModule {
    /// The orders that have a payment that came to its end, in the order of their charging.
    func chargedOrders() async throws -> [OrderID] {
        try await database.read { transaction in
            try transaction.rows(
                """
                SELECT order_id FROM payments WHERE state IN ('completed', 'failed')
                ORDER BY updated_at
                """
            ).map { try $0.get("order_id") }
        }
    }

    /// How often the provider was called for a charge.
    func chargeCount() async throws -> Int {
        try await database.read { transaction in
            try transaction.first(
                "SELECT CAST(COALESCE(SUM(call_count), 0) AS bigint) AS n FROM simulated_payments")?
                .get("n") ?? 0
        }
    }

    /// Makes it impossible to record how a payment ends, as a full or broken disk does.
    func refuseRecords() async throws {
        try await database.write { transaction in
            if transaction.dialect == .postgresql {
                try transaction.execute(
                    """
                    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'refused by the test'; END $$
                    """)
            }
            try transaction.execute(
                """
                CREATE TRIGGER payments_refused BEFORE UPDATE ON payments
                \(only: .postgresql, "FOR EACH ROW")
                WHEN (NEW.state IN ('completed', 'failed'))
                \(only: .sqlite, "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END")
                \(only: .postgresql, "EXECUTE FUNCTION refuse()")
                """)
        }
    }

    func allowRecords() async throws {
        try await database.write { transaction in
            try transaction.execute(
                "DROP TRIGGER payments_refused \(only: .postgresql, "ON payments")")
        }
    }
}

@Suite(.serialized) struct `Charging an order` {
    @Test func `records the answer and tells it`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let order = OrderPaymentRequested.sample(amount: 4_950)
        try await harness.publish(order)
        try await harness.settle()
        let payments = try await harness.published(PaymentCompleted.self)
        let payment = try #require(payments.first)
        #expect(payments.count == 1)
        #expect(payment.paymentID == PaymentID(of: order.orderID))
        #expect(payment.orderID == order.orderID)
        #expect(payment.userID == order.userID)
        #expect(payment.amount == order.amount)
        #expect(payment.attempt == 1)
        #expect(payment.completedAt == harness.time.now)
        #expect(payment.key == order.orderID.description)
        #expect((payment.failureReason == nil) == (payment.status == .completed))
        #expect(try await harness.chargedOrders() == [order.orderID])
        try await harness.checkLedger(of: order.paymentID)
    }

    @Test func `gives every order the provider's answer, good or not`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self, settings: ["payment.simulated.seed": "s"])
        let provider = SimulatedPaymentProvider(seed: "s", database: harness.database)
        for _ in 0..<60 { try await harness.publish(OrderPaymentRequested.sample()) }
        try await harness.settle()
        let payments = try await harness.published(PaymentCompleted.self)
        #expect(payments.count == 60)
        for payment in payments {
            let failure = provider.failure(of: payment.paymentID, payment.amount)
            #expect(payment.status == (failure == nil ? .completed : .failed))
            #expect(payment.failureReason == failure?.rawValue)
        }
    }

    @Test func `happens once, however often the order asks`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let order = OrderPaymentRequested.sample()
        for _ in 0..<100 { try await harness.publish(order) }
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        #expect(try await harness.chargedOrders() == [order.orderID])
        #expect(try await harness.chargeCount() == 1)
        #expect(try await harness.parked(at: consumer).isEmpty)
    }

    @Test func `takes further attempts for further payments`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let order = OrderID()
        for attempt in 1...3 {
            try await harness.publish(
                OrderPaymentRequested.sample(order, amount: 6_601, attempt: attempt))
        }
        try await harness.settle()
        let payments = try await harness.published(PaymentCompleted.self)
        #expect(payments.map(\.attempt) == [1, 2, 3])
        #expect(Set(payments.map(\.paymentID)).count == 3)
    }

    @Test func `is recorded later when it can't be at once, and charged once`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self,
            retry: RetryPolicy(
                attemptCountMax: 5, initialDelay: .seconds(1), delayMax: .seconds(60)))
        try await harness.refuseRecords()
        let id = try await harness.publish(OrderPaymentRequested.sample())
        try await harness.settle()
        for (attempts, delay) in [(1, 1), (2, 2), (3, 4)] {
            let parked = try await harness.parked(at: consumer)
            #expect(parked.map(\.id) == [id])
            #expect(parked.map(\.state) == ["retrying"])
            #expect(parked.map(\.attempts) == [attempts])
            // The harness draws 0.999 of the longest wait: half of it is too early.
            harness.time.advance(by: .seconds(delay) / 2)
            try await harness.settle()
            #expect(try await harness.parked(at: consumer) == parked)
            harness.time.advance(by: .seconds(delay) / 2)
            try await harness.settle()
        }
        #expect(try await harness.published(PaymentCompleted.self).isEmpty)
        try await harness.allowRecords()
        harness.time.advance(by: .seconds(8))
        try await harness.settle()
        #expect(try await harness.parked(at: consumer).isEmpty)
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        #expect(try await harness.chargeCount() == 1)
    }

    @Test func `makes later events of its order wait, and no others`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let (stuck, other) = (OrderPaymentRequested.sample(), OrderPaymentRequested.sample())
        try await harness.refuseRecords()
        try await harness.publish(stuck)
        try await harness.settle()
        try await harness.allowRecords()
        try await harness.publish(stuck)
        try await harness.publish(other)
        try await harness.settle()
        #expect(try await harness.parked(at: consumer).map(\.state) == ["retrying", "waiting"])
        #expect(try await harness.chargedOrders() == [other.orderID])
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.parked(at: consumer).isEmpty)
        #expect(try await harness.chargedOrders() == [other.orderID, stuck.orderID])
        #expect(try await harness.published(PaymentCompleted.self).count == 2)
    }

    @Test func `does not happen for an order that ended, nor when its time is over`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let ended = OrderPaymentRequested.sample()
        try await harness.publish(ended.cancelled)
        try await harness.settle()
        let late = OrderPaymentRequested.sample(payBy: harness.time.now - 1)
        try await harness.publish(ended)
        try await harness.publish(late)
        try await harness.settle()
        let reasons = try await harness.published(PaymentCompleted.self)
            .reduce(into: [:]) { $0[$1.orderID] = $1.failureReason }
        #expect(
            reasons == [
                ended.orderID: "order_ended", late.orderID: "payment_window_over",
            ])
        #expect(try await harness.chargeCount() == 0)
    }

    @Test func `succeeds nine times of ten, ten thousand times, and again the same`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let count = harness.database.dialect == .sqlite ? 10_000 : 1_000
        // Side by side, for commits that are shared.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<50 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 50) {
                        let digits = String(format: "%08x", number)
                        let id = UUID(uuidString: "01970000-0000-7000-8000-0000\(digits)")!
                        try await harness.publish(OrderPaymentRequested.sample(OrderID(id)))
                    }
                }
            }
            try await group.waitForAll()
        }
        try await harness.settle()
        let first = try await harness.published(PaymentCompleted.self)
        #expect(first.count == count)
        let share = Double(first.count { $0.status == .completed }) / Double(count)
        #expect((0.89...0.91).contains(share) || count < 10_000 && (0.87...0.93).contains(share))
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.published(PaymentCompleted.self).count == count)
        #expect(try await harness.chargeCount() == count)
        let provider = SimulatedPaymentProvider(seed: "flotilla", database: harness.database)
        #expect(
            first.allSatisfy {
                (provider.failure(of: $0.paymentID, $0.amount) == nil) == ($0.status == .completed)
            })
    }
}
