import EventBus
import Events
import FlotillaTesting
import Foundation
import Order
import Storage
import Testing
import UserContract

/// What the projection holds of an address.
private struct AddressSeen: Equatable {
    let id: UUID
    let label: String
    let line1: String
    let line2: String?
    let city: String
    let region: String?
    let postalCode: String
    let country: String
    let isDefault: Bool

    init(_ id: AddressID, line1: String, isDefault: Bool) {
        self.id = id.uuid
        label = "home"
        self.line1 = line1
        line2 = nil
        city = "London"
        region = "Greater London"
        postalCode = "SW1Y 4LE"
        country = "GB"
        self.isDefault = isDefault
    }

    init(_ row: Row) throws {
        id = try row.get("address_id")
        label = try row.get("label")
        line1 = try row.get("line1")
        line2 = try row.get("line2")
        city = try row.get("city")
        region = try row.get("region")
        postalCode = try row.get("postal_code")
        country = try row.get("country")
        isDefault = try row.get("is_default")
    }
}

extension ModuleHarness where M == OrderModule {
    /// A user's addresses, by their first lines.
    fileprivate func addresses(of user: UserID) async throws -> [AddressSeen] {
        try await database.read { transaction in
            try transaction.rows(
                "SELECT * FROM customer_addresses WHERE user_id = \(user) ORDER BY line1"
            ).map { try AddressSeen($0) }
        }
    }
}

@Suite(.serialized) struct `Hearing of addresses` {
    private let ada = UserID()
    private let grace = UserID()
    private let first = AddressID(UUID())
    private let second = AddressID(UUID())

    private func added(
        _ id: AddressID, _ line1: String, isDefault: Bool, of user: UserID? = nil
    ) -> UserAddressAdded {
        UserAddressAdded(
            userID: user ?? ada, addressID: id, label: "home", line1: line1, line2: nil,
            city: "London", region: "Greater London", postalCode: "SW1Y 4LE", country: "GB",
            isDefault: isDefault)
    }

    private func updated(_ id: AddressID, _ line1: String, isDefault: Bool) -> UserAddressUpdated {
        UserAddressUpdated(
            userID: ada, addressID: id, label: "home", line1: line1, line2: nil, city: "London",
            region: "Greater London", postalCode: "SW1Y 4LE", country: "GB", isDefault: isDefault)
    }

    /// Ada's two addresses, of which the second became the default.
    private func publishBoth(to harness: ModuleHarness<OrderModule>) async throws {
        try await harness.publish(UserRegistered.sample(ada))
        try await harness.publish(added(first, "1 Square", isDefault: true))
        try await harness.publish(added(second, "2 Square", isDefault: false))
        try await harness.publish(updated(first, "1 Square", isDefault: false))
        try await harness.publish(updated(second, "12 Square", isDefault: true))
    }

    private var both: [AddressSeen] {
        [
            AddressSeen(first, line1: "1 Square", isDefault: false),
            AddressSeen(second, line1: "12 Square", isDefault: true),
        ]
    }

    @Test func `follows what becomes of them`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.settle()
        #expect(try await harness.addresses(of: ada) == both)
        try await harness.publish(UserAddressDeleted(userID: ada, addressID: first))
        try await harness.settle()
        #expect(try await harness.addresses(of: ada) == [both[1]])
    }

    @Test func `has each once, however often they are delivered`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.publish(UserAddressDeleted(userID: ada, addressID: first))
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.addresses(of: ada) == [both[1]])
    }

    @Test func `forgets those of a deleted user, and no one else's`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.publish(UserRegistered.sample(grace))
        let other = AddressID(UUID())
        try await harness.publish(added(other, "3 Yard", isDefault: true, of: grace))
        try await harness.publish(UserDeleted(userID: ada, deletedAt: harness.time.now))
        try await harness.settle()
        #expect(try await harness.addresses(of: ada).isEmpty)
        #expect(
            try await harness.addresses(of: grace)
                == [AddressSeen(other, line1: "3 Yard", isDefault: true)])
    }

    @Test func `brings none of a deleted user back, whatever comes after`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.publish(UserDeleted(userID: ada, deletedAt: harness.time.now))
        try await harness.publish(updated(first, "1 Square", isDefault: true))
        try await harness.publish(added(AddressID(UUID()), "4 Square", isDefault: false))
        try await harness.settle()
        #expect(try await harness.addresses(of: ada).isEmpty)
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        #expect(try await harness.addresses(of: ada).isEmpty)
    }

    @Test func `builds them again from the events`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.settle()
        // Something that no event tells of.
        try await harness.database.write { transaction in
            try transaction.execute("UPDATE customer_addresses SET label = 'wrong'")
        }
        try await harness.replays.request(of: "order.customers", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.addresses(of: ada) == both)
    }

    @Test func `builds none of a deleted user again`() async throws {
        let harness = try await ModuleHarness(OrderModule.self)
        try await publishBoth(to: harness)
        try await harness.publish(UserDeleted(userID: ada, deletedAt: harness.time.now))
        try await harness.settle()
        try await harness.replays.request(of: "order.customers", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.addresses(of: ada).isEmpty)
    }
}
