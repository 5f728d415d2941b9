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

extension OrderCreated {
    static func sample(
        _ id: OrderID = OrderID(), of user: UserID = UserID(), amount: Int64 = 1_999
    ) -> OrderCreated {
        let price = Money(amount: amount, currency: Currency(rawValue: "EUR")!)
        return OrderCreated(
            orderID: id, userID: user, kind: "standard",
            items: [.init(productID: VariantID(), quantity: 1, unitPrice: price)], total: price,
            createdAt: TestTime().now)
    }
}

extension ModuleHarness where M == PaymentModule {
    /// The orders that have a payment, in the order of their charging.
    func chargedOrders() async throws -> [OrderID] {
        try await database.read { transaction in
            try transaction.rows("SELECT order_id FROM payments ORDER BY completed_at")
                .map { try $0.get("order_id") }
        }
    }

    /// Makes it impossible to record a payment, as a full or broken disk does.
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
                CREATE TRIGGER payments_refused BEFORE INSERT ON payments
                \(only: .sqlite, "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END")
                \(only: .postgresql, "FOR EACH ROW EXECUTE FUNCTION refuse()")
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
        let order = OrderCreated.sample(amount: 4_950)
        try await harness.publish(order)
        try await harness.settle()
        let payments = try await harness.published(PaymentCompleted.self)
        let payment = try #require(payments.first)
        #expect(payments.count == 1)
        #expect(payment.paymentID == PaymentID(of: order.orderID))
        #expect(payment.orderID == order.orderID)
        #expect(payment.userID == order.userID)
        #expect(payment.amount == order.total)
        #expect(payment.completedAt == harness.time.now)
        #expect(payment.key == order.orderID.description)
        #expect((payment.failureReason == nil) == (payment.status == .completed))
        #expect(try await harness.chargedOrders() == [order.orderID])
    }

    @Test func `gives every order the provider's answer, good or not`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self, settings: ["payment.simulated.seed": "s"])
        let provider = SimulatedPaymentProvider(seed: "s")
        for _ in 0..<60 { try await harness.publish(OrderCreated.sample()) }
        try await harness.settle()
        let payments = try await harness.published(PaymentCompleted.self)
        #expect(payments.count == 60)
        for payment in payments {
            switch provider.charge(payment.paymentID, payment.amount) {
            case .completed:
                #expect(payment.status == .completed)
                #expect(payment.failureReason == nil)
            case .failed(let reason):
                #expect(payment.status == .failed)
                #expect(payment.failureReason == reason)
            }
        }
    }

    @Test func `happens once, however often the order comes`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let order = OrderCreated.sample()
        try await harness.publish(order)
        try await harness.publish(order)
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.published(PaymentCompleted.self).count == 1)
        #expect(try await harness.chargedOrders() == [order.orderID])
        #expect(try await harness.parked(at: consumer).isEmpty)
    }

    @Test func `is tried again with growing patience until it can be recorded`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self,
            retry: RetryPolicy(
                attemptCountMax: 5, initialDelay: .seconds(1), delayMax: .seconds(60)))
        try await harness.refuseRecords()
        let id = try await harness.publish(OrderCreated.sample())
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
    }

    @Test func `ends as a dead letter when no try is left`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self,
            retry: RetryPolicy(
                attemptCountMax: 2, initialDelay: .seconds(1), delayMax: .seconds(60)))
        try await harness.refuseRecords()
        try await harness.publish(OrderCreated.sample())
        try await harness.settle()
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        let parked = try await harness.parked(at: consumer)
        #expect(parked.map(\.state) == ["dead"])
        #expect(parked.map(\.attempts) == [2])
        try await harness.allowRecords()
        harness.time.advance(by: .seconds(3_600))
        try await harness.settle()
        #expect(try await harness.parked(at: consumer) == parked)
    }

    @Test func `makes later events of its order wait, and no others`() async throws {
        let harness = try await ModuleHarness(PaymentModule.self)
        let (stuck, other) = (OrderCreated.sample(), OrderCreated.sample())
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
}
