import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// A user's addresses, one of which is the default as long as there is any.
struct Addresses: Sendable {
    let database: Database
    let outbox: Outbox
    let now: @Sendable () -> Date
    let store = AddressStore()
    private let users = UserStore()

    init(database: Database, outbox: Outbox, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// All, the oldest first.
    func list(of user: UserID) async throws -> [Address] {
        try await database.read { try store.list(of: user, in: $0) }
    }

    /// One of a user's.
    ///
    /// - Throws: ``UserError/addressNotFound`` also for somebody else's.
    func find(_ id: AddressID, of user: UserID) async throws -> Address {
        let addresses = try await list(of: user)
        guard let address = addresses.first(where: { $0.id == id }) else {
            throw UserError.addressNotFound
        }
        return address
    }

    /// Notes an address; the first is the default in any case.
    ///
    /// - Throws: ``UserError/tooManyAddresses``, ``UserError/notFound``.
    func add(
        _ fields: Address.Fields, isDefault: Bool, of user: UserID, in transaction: Transaction
    ) throws -> Address {
        let others = try others(of: user, in: transaction)
        guard others.count < AddressStore.countMax else { throw UserError.tooManyAddresses }
        let address = Address(
            id: AddressID(), fields: fields, isDefault: isDefault || others.isEmpty, version: 1,
            createdAt: now().wholeMilliseconds)
        if address.isDefault { try demote(others, of: user, in: transaction) }
        try store.insert(address, of: user, in: transaction)
        try outbox.publish(UserAddressAdded(address, of: user), in: transaction)
        return address
    }

    /// Changes an address. The default stays one until another is made it.
    ///
    /// - Throws: ``UserError/addressNotFound``; `Problem` 412.
    func update(
        _ id: AddressID, to fields: Address.Fields, isDefault: Bool, of user: UserID,
        if condition: VersionCondition?
    ) async throws -> Address {
        try await database.write { transaction in
            let addresses = try others(of: user, in: transaction)
            guard let old = addresses.first(where: { $0.id == id }) else {
                throw UserError.addressNotFound
            }
            if let condition, !condition.admits(old.version) { throw Problem.versionMismatch }
            var address = old
            address.fields = fields
            address.isDefault = old.isDefault || isDefault
            guard address != old else { return old }
            if address.isDefault, !old.isDefault {
                try demote(addresses, of: user, in: transaction)
            }
            try save(&address, of: user, in: transaction)
            return address
        }
    }

    /// Takes an address away. If it was the default, the newest of the others is from now on.
    ///
    /// - Throws: ``UserError/addressNotFound``; `Problem` 412.
    func remove(
        _ id: AddressID, of user: UserID, if condition: VersionCondition?
    ) async throws {
        try await database.write { transaction in
            var addresses = try others(of: user, in: transaction)
            guard let index = addresses.firstIndex(where: { $0.id == id }) else {
                throw UserError.addressNotFound
            }
            let old = addresses.remove(at: index)
            if let condition, !condition.admits(old.version) { throw Problem.versionMismatch }
            try store.delete(id, in: transaction)
            try outbox.publish(
                UserAddressDeleted(userID: user, addressID: id), in: transaction)
            if old.isDefault, var next = addresses.last {
                next.isDefault = true
                try save(&next, of: user, in: transaction)
            }
        }
    }

    /// A user's addresses, while nobody else changes them.
    private func others(of user: UserID, in transaction: Transaction) throws -> [Address] {
        guard try users.find(user, in: transaction) != nil else { throw UserError.notFound }
        try users.touch(user, in: transaction)
        return try store.list(of: user, in: transaction)
    }

    private func demote(
        _ addresses: [Address], of user: UserID, in transaction: Transaction
    ) throws {
        for var address in addresses where address.isDefault {
            address.isDefault = false
            try save(&address, of: user, in: transaction)
        }
    }

    private func save(
        _ address: inout Address, of user: UserID, in transaction: Transaction
    ) throws {
        address.version += 1
        try store.update(address, in: transaction)
        try outbox.publish(UserAddressUpdated(address, of: user), in: transaction)
    }
}

extension UserAddressAdded {
    fileprivate init(_ address: Address, of user: UserID) {
        let fields = address.fields
        self.init(
            userID: user, addressID: address.id, label: fields.label, line1: fields.line1,
            line2: fields.line2, city: fields.city, region: fields.region,
            postalCode: fields.postalCode, country: fields.country,
            isDefault: address.isDefault)
    }
}

extension UserAddressUpdated {
    fileprivate init(_ address: Address, of user: UserID) {
        let fields = address.fields
        self.init(
            userID: user, addressID: address.id, label: fields.label, line1: fields.line1,
            line2: fields.line2, city: fields.city, region: fields.region,
            postalCode: fields.postalCode, country: fields.country,
            isDefault: address.isDefault)
    }
}
