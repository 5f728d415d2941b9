import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import Storage
import Testing

@testable import Payment

extension OrderPaymentRequested {
    fileprivate func confirmed(_ amount: Int64? = nil) -> OrderConfirmed {
        OrderConfirmed(
            orderID: orderID, number: "F-1", userID: userID, kind: "standard", items: [],
            total: .euros(amount ?? self.amount.amount), paymentID: paymentID,
            confirmedAt: TestTime().now)
    }
}

@Suite(.serialized) struct `Reckoning up` {
    private func paid(_ count: Int = 1) async throws -> (
        ModuleHarness<FakePaymentModule>, [OrderPaymentRequested]
    ) {
        let harness = try await ModuleHarness(FakePaymentModule.self)
        let orders = (0..<count).map { _ in OrderPaymentRequested.sample(amount: 1_000) }
        for order in orders { try await harness.publish(order) }
        try await harness.settle()
        return (harness, orders)
    }

    private func report(
        _ harness: ModuleHarness<FakePaymentModule>
    ) async throws -> ReconciliationReport {
        try await harness.module.payment.reconcile()
    }

    @Test func `comes out even without anything, and for what is booked and paid`() async throws {
        let (harness, orders) = try await paid(3)
        let empty = try await ModuleHarness(FakePaymentModule.self)
        #expect(try await report(empty).isBalanced)
        for order in orders { try await harness.publish(order.confirmed()) }
        // One is cancelled for a fee, and one is given back whole.
        try await harness.publish(orders[0].refund(700))
        try await harness.publish(orders[1].refund(1_000))
        try await harness.settle()
        harness.time.advance(by: .seconds(86_400))
        let report = try await report(harness)
        #expect(report.isBalanced)
        #expect(report.totals.map(\.received) == [1_300])
        #expect(report.totals.map(\.due) == [1_300])
    }

    @Test func `gives what is on its way time, and lists it after`() async throws {
        let (harness, orders) = try await paid()
        let early = try await report(harness)
        #expect(early.isBalanced)
        #expect(early.totals.map(\.inFlight) == [1_000])
        harness.time.advance(by: .seconds(1_800))
        let late = try await report(harness)
        #expect(!late.isBalanced)
        #expect(late.totals.map(\.imbalance) == [1_000])
        #expect(late.differences.map(\.kind) == [.paidNotConfirmed])
        #expect(late.differences.map(\.orderID) == [orders[0].orderID])
    }

    @Test func `finds bookings without money, or with another sum`() async throws {
        let (harness, orders) = try await paid()
        let unpaid = OrderPaymentRequested.sample(amount: 500)
        try await harness.publish(orders[0].confirmed(900))
        try await harness.publish(unpaid.confirmed())
        try await harness.settle()
        harness.time.advance(by: .seconds(3_600))
        let report = try await report(harness)
        #expect(Set(report.differences.map(\.kind)) == [.amountsDiffer, .confirmedNotPaid])
        #expect(report.totals.map(\.imbalance) == [-400])
    }

    @Test func `bears money that was never due`() async throws {
        let (harness, orders) = try await paid()
        // A second payment of a booking, and the payment of an order that was rejected.
        let second = OrderPaymentRequested.sample(orders[0].orderID, amount: 1_000, attempt: 2)
        let rejected = OrderPaymentRequested.sample(amount: 300)
        try await harness.publish(second)
        try await harness.publish(rejected)
        try await harness.publish(orders[0].confirmed())
        try await harness.settle()
        try await harness.publish(second.refund(1_000, for: "duplicate_payment"))
        try await harness.publish(rejected.refund(300, for: "rejected"))
        try await harness.settle()
        harness.time.advance(by: .seconds(3_600))
        #expect(try await report(harness).isBalanced)
    }

    @Test func `keeps the fee of what was cancelled before it was booked`() async throws {
        let (harness, orders) = try await paid()
        try await harness.publish(
            OrderCancelled(
                orderID: orders[0].orderID, userID: orders[0].userID, reason: "customer",
                fee: .euros(200), refund: .euros(800), cancelledAt: harness.time.now))
        try await harness.publish(orders[0].refund(800))
        try await harness.settle()
        harness.time.advance(by: .seconds(3_600))
        #expect(try await report(harness).isBalanced)
    }

    @Test func `finds refunds that are stuck or failed`() async throws {
        let (harness, orders) = try await paid(2)
        for order in orders { try await harness.publish(order.confirmed()) }
        try await harness.settle()
        harness.module.provider.mood = .deaf
        let stuck = orders[0].refund(100)
        try await harness.publish(stuck)
        try await harness.publish(orders[1].refund(1_001))
        try await harness.settle()
        harness.time.advance(by: .seconds(3_600))
        let report = try await report(harness)
        #expect(Set(report.differences.map(\.kind)) == [.refundStuck, .refundFailed])
        #expect(report.differences.contains { $0.refundID == stuck.refundID })
    }

    @Test func `is done by one of all, once in an interval`() async throws {
        let (harness, _) = try await paid()
        let reconciliation = harness.module.payment.reconciliation
        #expect(try await reconciliation.step(every: .seconds(86_400)) != nil)
        #expect(try await reconciliation.step(every: .seconds(86_400)) == nil)
        harness.time.advance(by: .seconds(86_400))
        let turns = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { try await reconciliation.step(every: .seconds(86_400)) != nil }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(turns == 1)
    }

    @Test func `is not done where nobody wants it`() async throws {
        let harness = try await ModuleHarness(
            PaymentModule.self, settings: ["payment.reconcileInterval": "0s"])
        #expect(harness.module.services.isEmpty)
    }
}

@Suite(.serialized) struct `Moving payments of old` {
    @Test func `keeps them, their names and what they mean`() async throws {
        let directory = try TemporaryDirectory()
        let database = try Database(
            module: "payment", at: try await StorageEngine.preferred.makeURL(in: directory))
        try await database.migrate(
            MigrationSet(
                component: "payment", migrations: Array(paymentMigrations.migrations.prefix(1))))
        let (good, bad) = (OrderID(), OrderID())
        let at = TestTime().now
        try await database.write { transaction in
            for (order, status, reason) in [
                (good, "completed", nil), (bad, "failed", "card_declined"),
            ] as [(OrderID, String, String?)] {
                try transaction.execute(
                    """
                    INSERT INTO payments VALUES (\(PaymentID(of: order)), \(order), \(UserID()),
                        1999, 'EUR', \(status), \(reason), \(at))
                    """)
            }
        }
        try await database.migrate(paymentMigrations)
        let store = PaymentStore()
        for (order, state, failure) in [
            (good, PaymentState.completed, nil), (bad, .failed, FailureCode.cardDeclined),
        ] {
            let (payment, ledger) = try await database.read { transaction in
                (
                    try store.find(PaymentID(of: order), in: transaction),
                    try store.ledger(of: PaymentID(of: order), in: transaction)
                )
            }
            let row = try #require(payment)
            var sum = Payment(
                id: row.id, orderID: order, attempt: 1, userID: row.userID, amount: .euros(1_999),
                provider: row.provider, createdAt: at)
            for entry in ledger { _ = try sum.apply(entry.occurrence, at: entry.at) }
            #expect(row == sum)
            #expect(row.state == state)
            #expect(row.failure == failure)
        }
        await database.close()
    }
}
