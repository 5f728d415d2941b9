import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Order
import OrderContract
import Storage
import Testing
import UserContract

/// What the projection holds of a customer.
private struct Customer: Equatable {
    let email: String
    let firstName: String
    let lastName: String
    let isDeleted: Bool
}

extension ModuleHarness where M == OrderModule {
    fileprivate func customer(_ id: UserID) async throws -> Customer? {
        try await database.read { transaction in
            try transaction.first(
                """
                SELECT email, first_name, last_name, deleted_at FROM customers
                WHERE user_id = \(id)
                """
            ).map {
                Customer(
                    email: try $0.get("email"), firstName: try $0.get("first_name"),
                    lastName: try $0.get("last_name"),
                    isDeleted: try $0.get("deleted_at", as: Date?.self) != nil)
            }
        }
    }
}

@Suite(.serialized) struct `Hearing of users` {
    private let user = UserID()
    private static let erased = Customer(email: "", firstName: "", lastName: "", isDeleted: true)

    private func rename(_ firstName: String) -> UserProfileUpdated {
        UserProfileUpdated(
            userID: user, firstName: firstName, lastName: "King", phone: nil, bio: nil,
            preferences: [:], changedFields: ["firstName", "lastName"])
    }

    private func change(
        to email: String, _ harness: ModuleHarness<OrderModule>
    ) -> UserEmailChanged {
        UserEmailChanged(
            userID: user, email: email, oldEmail: "ada@example.org", sealedToken: nil,
            expiresAt: nil, changedAt: harness.time.now)
    }

    private func deletion(_ harness: ModuleHarness<OrderModule>) -> UserDeleted {
        UserDeleted(userID: user, deletedAt: harness.time.now)
    }

    @Test func `follows their names`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        #expect(
            try await harness.customer(user)
                == Customer(
                    email: "ada@example.org", firstName: "Ada", lastName: "Lovelace",
                    isDeleted: false))
        try await harness.publish(rename("Augusta"))
        try await harness.settle()
        #expect(
            try await harness.customer(user)
                == Customer(
                    email: "ada@example.org", firstName: "Augusta", lastName: "King",
                    isDeleted: false))
    }

    @Test func `follows a new mail address`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await harness.publish(UserRegistered.sample(user))
        try await harness.publish(change(to: "countess@example.org", harness))
        try await harness.settle()
        #expect(try await harness.customer(user)?.email == "countess@example.org")
    }

    @Test func `forgets a deleted one, whatever comes after`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await harness.publish(UserRegistered.sample(user))
        try await harness.publish(deletion(harness))
        try await harness.publish(rename("Augusta"))
        try await harness.publish(change(to: "countess@example.org", harness))
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        #expect(try await harness.customer(user) == Self.erased)
    }

    @Test func `brings nothing back when everything is delivered again`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await harness.publish(UserRegistered.sample(user))
        try await harness.publish(rename("Augusta"))
        try await harness.publish(deletion(harness))
        try await harness.settle()
        try await harness.redeliverEverything()
        #expect(try await harness.customer(user) == Self.erased)
        // Even without the memory of what was handled.
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.customer(user) == Self.erased)
    }

    @Test func `gives a new one a welcome order, once`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        let orders = try await harness.list(as: TestCaller(user)).items
        #expect(orders.map(\.kind) == ["welcome"])
        #expect(orders.first?.status == "pending")
        #expect(orders.first?.items.map(\.productID) == [.first])
        #expect(orders.first?.total == Money(amount: 1_999, currency: .euro))
        let events = try await harness.published(OrderCreated.self)
        #expect(events.map(\.orderID) == orders.map(\.id))
        #expect(events.first?.kind == "welcome")
    }

    @Test func `gives no second one, however often the registration comes`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.publish(UserRegistered.sample(user))
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.list(as: TestCaller(user)).items.count == 1)
        #expect(try await harness.published(OrderCreated.self).count == 1)
    }

    @Test func `gives none when the house is not so minded`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue(
            settings: ["order.welcomeOrder": "false"])
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        #expect(try await harness.published(OrderCreated.self).isEmpty)
        #expect(try await harness.customer(user) != nil)
    }

    @Test func `leaves room for orders of their own beside the welcome`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
        _ = try await harness.place(as: TestCaller(user))
        _ = try await harness.place(as: TestCaller(user))
        #expect(try await harness.list(as: TestCaller(user)).items.count == 3)
    }
}
