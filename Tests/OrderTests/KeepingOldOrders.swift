import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import PaymentContract
import ProductContract
import Storage
import Testing

@testable import Order

@Suite(.serialized) struct `Keeping old orders` {
    /// The columns of a row as it was before stock was waited for.
    private func insert(
        _ id: OrderID, _ status: String, of user: UserID, in database: Database
    ) async throws {
        let items =
            #"[{"productId":"\#(VariantID.first)","quantity":1,"#
            + #""unitPrice":{"amount":1999,"currency":"EUR"}}]"#
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO orders (id, user_id, kind, status, total, currency, items, created_at,
                    updated_at)
                VALUES (\(id), \(user), 'standard', \(status), 1999, 'EUR',
                        \(JSON(Data(items.utf8))), \(Date()), \(Date()))
                """)
        }
    }

    @Test func `brings them to where they stand`() async throws {
        let directory = try TemporaryDirectory()
        let database = try Database(
            module: "order", at: try await StorageEngine.preferred.makeURL(in: directory))
        try await database.migrate(
            MigrationSet(
                component: "order", migrations: Array(orderMigrations.migrations.prefix(2))))
        let user = UserID()
        let ids = ["pending": OrderID(), "paid": OrderID(), "payment_failed": OrderID()]
        for (status, id) in ids { try await insert(id, status, of: user, in: database) }
        try await database.migrate(orderMigrations)
        let orders = try await database.read { transaction in
            try ids.mapValues { try OrderStore().find($0, in: transaction) }
        }
        #expect(orders["pending"]??.state == .awaitingPayment)
        #expect(orders["pending"]??.paymentStatus == .pending)
        #expect(orders["paid"]??.state == .confirmed)
        #expect(orders["paid"]??.status == .paid)
        #expect(orders["paid"]??.taken == .euro(1_999))
        #expect(orders["payment_failed"]??.status == .paymentFailed)
        let numbers = orders.values.compactMap { $0?.number }
        #expect(Set(numbers).count == 3)
        #expect(
            numbers.allSatisfy { $0.wholeMatch(of: /FL(-[0-9A-F]{4}){3}/) != nil })
        await database.close()
    }

    @Test func `confirms one whose payment was still to come`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let caller = TestCaller()
        let order = try await harness.place(as: caller)
        // As the migration leaves a row: no deadline, one attempt, no hold.
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                UPDATE orders SET state = 'awaiting_payment', payment_status = 'pending',
                    attempt = 1, deadline = NULL
                """)
        }
        try await harness.hear(PaymentCompleted.sample(order, attempt: nil))
        #expect(try await harness.published(OrderPaid.self).count == 1)
        try await harness.allocate(order)
        harness.time.advance(by: .seconds(3_600))
        try await harness.settle()
        #expect(try await harness.show(order.id, as: caller).state == "confirmed")
    }
}
