import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import PaymentContract
import ProductContract
import Storage
import Testing
import UserContract
import Web

@Suite(.serialized) struct `Forgetting a customer` {
    private let caller = TestCaller()

    private func address(_ id: AddressID) -> UserAddressAdded {
        UserAddressAdded(
            userID: caller.userID, addressID: id, label: "home", line1: "1 Secret Square",
            line2: nil, city: "London", region: nil, postalCode: "SW1Y 4LE", country: "GB",
            isDefault: true)
    }

    private func deletion(at now: Date) -> UserDeleted {
        UserDeleted(userID: caller.userID, deletedAt: now)
    }

    /// Every text of every table of the module's, its log aside.
    private func holdsSecret(_ harness: ModuleHarness<OrderModule>) async throws -> Bool {
        try await harness.database.read { transaction in
            let texts = try transaction.rows(
                """
                SELECT CAST(address AS TEXT) AS text FROM orders
                UNION ALL SELECT end_note FROM orders
                UNION ALL SELECT line1 FROM customer_addresses
                UNION ALL SELECT email FROM customers
                UNION ALL SELECT first_name FROM customers
                UNION ALL SELECT key FROM idempotency_keys
                """
            ).compactMap { try $0.get("text", as: String?.self) }
            return texts.contains { text in
                ["Secret", "Ada", "ada@", "k-1"].contains { text.contains($0) }
            }
        }
    }

    @Test func `takes what is personal, keeps totals, and nothing brings it back`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let home = AddressID(UUID())
        try await harness.publish(UserRegistered.sample(caller.userID))
        try await harness.hear(address(home))
        let answer = try await harness.order(
            #"{"items":[{"productId":"\#(VariantID.first)","quantity":1}]}"#, as: caller,
            headers: [.idempotencyKey: "k-1"])
        let order = try answer.read(OrderSeen.self)
        #expect(order.address?.line1 == "1 Secret Square")
        #expect(order.address?.firstName == "Ada")
        _ = try await harness.cancel(
            order.id, as: caller, body: #"{"reason":"Ada is ill"}"#)
        #expect(try await holdsSecret(harness))
        try await harness.hear(deletion(at: harness.time.now))
        #expect(try await !holdsSecret(harness))
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.address == nil)
        #expect(seen.total == order.total)
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        try await harness.replays.request(of: "order.customers", by: "cli:test")
        try await harness.settle()
        #expect(try await !holdsSecret(harness))
    }

    @Test(arguments: [
        ("awaiting_stock", "cancelled"), ("awaiting_payment", "cancelled"),
        ("payment_failed", "cancelled"), ("paid", "awaiting_payment"),
        ("confirmed", "confirmed"), ("expired", "expired"),
    ])
    func `calls off what is unpaid and keeps what is paid`(
        state: String, end: String
    ) async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let order = try await harness.place(until: state, as: caller)
        try await harness.hear(deletion(at: harness.time.now))
        let seen = try await harness.show(order.id, as: caller)
        #expect(seen.state == end)
        let reasons = try await harness.published(OrderCancelled.self).map(\.reason)
        #expect(reasons == (end == "cancelled" ? ["customer_deleted"] : []))
    }

    @Test func `ignores what is older than what is known, whatever comes when`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        let user = caller.userID
        // Later events come first here: each is as old as its envelope says.
        harness.time.advance(by: .seconds(60))
        try await harness.hear(
            UserProfileUpdated(
                userID: user, firstName: "Augusta", lastName: "King", phone: nil, bio: nil,
                preferences: [:], changedFields: ["firstName"]))
        let home = AddressID(UUID())
        try await harness.hear(address(home))
        try await harness.hear(UserAddressDeleted(userID: user, addressID: home))
        harness.time.advance(by: .seconds(-60))
        try await harness.hear(UserRegistered.sample(user))
        try await harness.hear(address(home))
        let (name, email, count) = try await harness.database.read { transaction in
            let row = try transaction.first(
                "SELECT first_name, email FROM customers WHERE user_id = \(user)")
            return (
                try row?.get("first_name", as: String.self),
                try row?.get("email", as: String.self),
                try transaction.rows("SELECT 1 AS one FROM customer_addresses").count
            )
        }
        #expect(name == "Augusta")
        #expect(email == "ada@example.org")
        #expect(count == 0)
    }

    @Test func `sends an order to the address that is chosen, or the default`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let home = AddressID(UUID())
        let work = AddressID(UUID())
        try await harness.publish(address(home))
        try await harness.hear(
            UserAddressAdded(
                userID: caller.userID, addressID: work, label: "work", line1: "2 Yard",
                line2: nil, city: "London", region: nil, postalCode: "SW1Y 4LE", country: "GB",
                isDefault: false))
        let line = #""items":[{"productId":"\#(VariantID.first)","quantity":1}]"#
        let first = try await harness.order("{\(line)}", as: caller).read(OrderSeen.self)
        #expect(first.address?.line1 == "1 Secret Square")
        let second = try await harness.order(
            #"{\#(line),"addressId":"\#(work)"}"#, as: caller
        ).read(OrderSeen.self)
        #expect(second.address?.line1 == "2 Yard")
        let stranger = try await harness.order(
            #"{\#(line),"addressId":"\#(work)"}"#, as: TestCaller())
        #expect(stranger.status == .unprocessableContent)
        // A later change of the address does not touch the order.
        try await harness.hear(UserAddressDeleted(userID: caller.userID, addressID: work))
        #expect(try await harness.show(second.id, as: caller) == second)
    }
}
