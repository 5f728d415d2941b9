import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Adding addresses` {
    @Test func `B101: the first is the default, and another one by being made it`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let first = try await book.add("home", isDefault: false)
        let second = try await book.add("work", isDefault: false)
        #expect(try await book.list() == [first, second])
        #expect([first.isDefault, second.isDefault] == [true, false])
        let answer = try await book.put(second.id, "work", isDefault: true)
        #expect(answer.status == .ok)
        #expect(try await book.list().map(\.isDefault) == [false, true])
        let events = try await harness.published(UserAddressUpdated.self)
        #expect(events.map(\.addressID) == [first.id, second.id])
        #expect(events.map(\.isDefault) == [false, true])
        #expect(events.allSatisfy { $0.userID == book.caller.userID })
        let third = try await book.add("shed", isDefault: true)
        #expect(try await book.list().map(\.isDefault) == [false, false, true])
        let added = try await harness.published(UserAddressAdded.self)
        #expect(added.map(\.addressID) == [first.id, second.id, third.id])
        #expect(added.map(\.isDefault) == [true, false, true])
        #expect(try await harness.published(UserAddressUpdated.self).count == 3)
    }

    @Test func `B101: the default stays one until another is made it`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let first = try await book.add("home", isDefault: true)
        _ = try await book.add("work", isDefault: false)
        let answer = try await book.put(first.id, "cottage", isDefault: false)
        #expect(try answer.read(AddressSeen.self).isDefault)
        #expect(try await book.list().map(\.label) == ["cottage", "work"])
        #expect(try await book.list().map(\.isDefault) == [true, false])
    }

    @Test func `B101: when the default goes, the newest of the others takes its place`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let first = try await book.add("home", isDefault: true)
        let second = try await book.add("work", isDefault: false)
        let third = try await book.add("shed", isDefault: false)
        #expect(try await book.delete(first.id).status == .noContent)
        #expect(try await book.list().map(\.id) == [second.id, third.id])
        #expect(try await book.list().map(\.isDefault) == [false, true])
        #expect(try await book.delete(second.id).status == .noContent)
        #expect(try await book.list().map(\.isDefault) == [true])
        #expect(try await book.delete(third.id).status == .noContent)
        #expect(try await book.list().isEmpty)
        let deleted = try await harness.published(UserAddressDeleted.self)
        #expect(deleted.map(\.addressID) == [first.id, second.id, third.id])
        let updated = try await harness.published(UserAddressUpdated.self)
        #expect(updated.map(\.addressID) == [third.id])
        #expect(updated.map(\.isDefault) == [true])
    }

    @Test func `B101: of many that become the default at once, one is`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let added = try await atOnce(6) { try await book.post("at once \($0)", isDefault: true) }
        #expect(added.allSatisfy { $0.status == .created })
        let addresses = try await book.list()
        #expect(addresses.count == 6)
        #expect(addresses.count(where: \.isDefault) == 1)
        let changed = try await atOnce(6) {
            try await book.put(addresses[$0].id, "put \($0)", isDefault: true)
        }
        #expect(changed.allSatisfy { $0.status == .ok })
        #expect(try await book.list().count(where: \.isDefault) == 1)
        let gone = try await atOnce(5) { try await book.delete(addresses[$0].id) }
        #expect(gone.allSatisfy { $0.status == .noContent })
        #expect(try await book.list().map(\.isDefault) == [true])
    }

    @Test func `B101: there are at most fifty`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        for index in 1...49 { _ = try await book.add("\(index)", isDefault: false) }
        let answers = try await atOnce(4) { try await book.post("x\($0)", isDefault: false) }
        #expect(answers.count { $0.status == .created } == 1)
        #expect(answers.count { $0.code == "address.too_many" } == 3)
        #expect(try await book.list().count == 50)
        #expect(try await harness.published(UserAddressAdded.self).count == 50)
    }

    @Test func `B100: somebody else's is not there`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let ada = try await AddressBook(harness)
        let eve = try await AddressBook(harness, "eve@example.org")
        let hers = try await ada.add("home", isDefault: true)
        let own = try await eve.add("lair", isDefault: true)
        for id in [hers.id.description, UUID().uuidString, "x", "%00"] {
            let path = "\(AddressBook.path)/\(id)"
            let answers = [
                try await harness.send(.get, path, as: eve.caller),
                try await harness.send(
                    .put, path, as: eve.caller, json: AddressBook.form("hers", isDefault: true)),
                try await harness.send(.delete, path, as: eve.caller),
            ]
            #expect(answers.map(\.status) == [.notFound, .notFound, .notFound])
            #expect(answers.map(\.code) == answers.map { _ in "address.not_found" })
        }
        #expect(try await ada.list() == [hers])
        #expect(try await eve.list() == [own])
        #expect(try await harness.published(UserAddressUpdated.self).isEmpty)
        #expect(try await harness.published(UserAddressDeleted.self).isEmpty)
        #expect(try await harness.send(.get, AddressBook.path).status == .unauthorized)
    }

    @Test func `B102: a change of a version that is past is refused`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let created = try await book.post("home", isDefault: true)
        let id = try created.read(AddressSeen.self).id
        let tag = try #require(created.headers[.eTag])
        let changed = try await book.put(id, "cottage", isDefault: true, ifMatch: tag)
        #expect(changed.status == .ok)
        let newTag = try #require(changed.headers[.eTag])
        #expect(newTag != tag)
        let lost = try await book.put(id, "castle", isDefault: true, ifMatch: tag)
        #expect(lost.status == .preconditionFailed)
        #expect(try await book.delete(id, ifMatch: tag).status == .preconditionFailed)
        #expect(try await book.list().map(\.label) == ["cottage"])
        let shown = try await harness.send(.get, "\(AddressBook.path)/\(id)", as: book.caller)
        #expect(shown.headers[.eTag] == newTag)
        #expect(try await harness.published(UserAddressUpdated.self).count == 1)
        #expect(try await harness.published(UserAddressDeleted.self).isEmpty)
        #expect(try await book.delete(id, ifMatch: newTag).status == .noContent)
    }

    @Test func `B102: of several changes of one version at once, one is made`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let created = try await book.post("home", isDefault: true)
        let id = try created.read(AddressSeen.self).id
        let tag = created.headers[.eTag]
        let answers = try await atOnce(5) {
            try await book.put(id, "put \($0)", isDefault: true, ifMatch: tag)
        }
        #expect(answers.count { $0.status == .ok } == 1)
        #expect(answers.count { $0.status == .preconditionFailed } == 4)
        #expect(try await harness.published(UserAddressUpdated.self).count == 1)
    }

    @Test func `B111: what changes nothing tells nothing`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let created = try await book.post("home", isDefault: true)
        let same = try await book.put(
            try created.read(AddressSeen.self).id, "home", isDefault: true)
        #expect(same.headers[.eTag] == created.headers[.eTag])
        #expect(try await harness.published(UserAddressUpdated.self).isEmpty)
    }

    @Test(arguments: [
        ("country", "XX"), ("country", "DEU"), ("country", ""), ("label", ""), ("line1", "a\nb"),
        ("city", ""), ("postalCode", "123456789012345678901"), ("userId", "x"), ("id", "x"),
        ("version", "1"), ("createdAt", "2026-01-01T00:00:00Z"),
    ])
    func `B98: refuses what is no address, and notes nothing`(
        field: String, value: String
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let book = try await AddressBook(harness)
        let answer = try await book.post("home", isDefault: true, [field: .string(value)])
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/\(field)"])
        #expect(try await book.list().isEmpty)
        #expect(try await harness.published(UserAddressAdded.self).isEmpty)
    }
}
