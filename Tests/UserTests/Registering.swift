import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Registering` {
    @Test func `opens an account that waits for its verification`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.register(["phone": .string("+4930123456")])
        #expect(answer.status == .created)
        #expect(answer.headers[.location] == "/api/v1/users/me")
        let user = try answer.read(UserSeen.self)
        #expect(
            user
                == UserSeen(
                    id: user.id, email: "ada@example.org", firstName: "Ada",
                    lastName: "Lovelace", phone: "+4930123456", bio: nil, preferences: [:],
                    status: "pending_verification", createdAt: harness.time.now))
        let shown = try await harness.send(.get, "/api/v1/users/me", as: TestCaller(user.id))
        #expect(try shown.read(UserSeen.self) == user)
    }

    @Test func `tells it exactly once`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let events = try await harness.published(UserRegistered.self)
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event.userID == user.id)
        #expect(event.key == user.id.description)
        #expect(event.email == "ada@example.org")
        #expect(event.firstName == "Ada")
        #expect(event.lastName == "Lovelace")
        #expect(event.status == "pending_verification")
        #expect(event.createdAt == user.createdAt)
    }

    @Test func `says nothing about the password`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.register()
        #expect(!answer.text.contains(Form.password))
        #expect(!answer.text.lowercased().contains("password"))
        #expect(!answer.text.contains("argon2"))
        let outbox = try await harness.database.read { transaction in
            try transaction.rows("SELECT data FROM outbox_events")
                .map { try $0.get("data", as: String.self) }.joined()
        }
        #expect(!outbox.contains(Form.password))
        #expect(!outbox.contains("argon2"))
    }

    @Test func `hashes with argon2id at the recommended cost`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let hash = try await harness.passwordHash(of: user.id)
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        let second = try await harness.register(["email": .string("b@example.org")])
        let other = try await harness.passwordHash(of: second.read(UserSeen.self).id)
        #expect(hash != other)
    }

    @Test(arguments: [
        ("  Ada  ", "Ada"), ("Ada Marie", "Ada Marie"), ("Andre\u{301}", "Andr\u{E9}"),
        ("李", "李"), ("O'Neill-Šmíd", "O'Neill-Šmíd"),
        (String(repeating: "x", count: 100), String(repeating: "x", count: 100)),
    ])
    func `trims and composes a name`(typed: String, kept: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register(["firstName": .string(typed)])
            .read(UserSeen.self)
        #expect(Array(user.firstName.utf8) == Array(kept.utf8))
        #expect(try await harness.published(UserRegistered.self).first?.firstName == kept)
    }

    @Test(arguments: [
        "", " ", "\u{A0}", "a\u{0}b", "a\nb", "a\u{202E}b", String(repeating: "x", count: 101),
    ])
    func `refuses a name that is none`(name: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for field in ["firstName", "lastName"] {
            let answer = try await harness.register([field: .string(name)])
            #expect(answer.status == .unprocessableContent)
            #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/\(field)"])
        }
        #expect(try await harness.published(UserRegistered.self).isEmpty)
    }

    @Test(arguments: ["+1234567", "+12", "+493012345678901"])
    func `takes a phone number in E.164`(phone: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.register(["phone": .string(phone)])
        #expect(try answer.read(UserSeen.self).phone == phone)
    }

    @Test(arguments: [
        "+1", "+0123456", "+4930123456789012", "4930123456", "+49 30 123456", "+49-30", "+", "",
        "+49３０123", "++4930123456", "tel:+4930123456",
    ])
    func `refuses any other phone number`(phone: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.register(["phone": .string(phone)])
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/phone"])
    }

    @Test(arguments: [
        (11, 422), (12, 201), (256, 201), (257, 422),
    ])
    func `B28: takes a password of 12 to 256 scalars`(count: Int, status: Int) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for scalar in ["x", "é", "🔑"] {
            let answer = try await harness.register([
                "email": .string("u\(scalar.utf8.count)@example.org"),
                "password": .string(
                    String(repeating: scalar, count: count - 8) + "-horses-"),
            ])
            #expect(answer.status.code == status)
        }
    }

    @Test(
        arguments: [
            ["role": .string("admin")], ["roles": .array([.string("admin")])],
            ["status": .string("active")], ["id": .string("01970000-0000-7000-8000-000000000001")],
            ["passwordHash": .string("x")], ["bio": .string("x")], ["isAdmin": .bool(true)],
        ] as [[String: JSONValue?]])
    func `B98: refuses fields that nobody asked for`(extra: [String: JSONValue?]) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.register(extra)
        #expect(answer.status == .unprocessableContent)
        #expect(
            try answer.read(ProblemSeen.self).errors?.map(\.pointer)
                == extra.keys.map { "/\($0)" })
        #expect(try await harness.published(UserRegistered.self).isEmpty)
    }

    @Test func `tells everything that is missing at once`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.send(.post, "/api/v1/users", json: "{}")
        #expect(
            try answer.read(ProblemSeen.self).errors?.map(\.pointer) == [
                "/email", "/password", "/firstName", "/lastName",
            ])
        #expect(try await harness.published(UserRegistered.self).isEmpty)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM users") == 0)
    }

    @Test(arguments: ["ada@example.org", "ADA@Example.ORG", " ada@example.org "])
    func `B93: refuses an address that has an account, in any case`(email: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register()
        let answer = try await harness.register(["email": .string(email)])
        #expect(answer.status == .conflict)
        #expect(try answer.read(ProblemSeen.self).code == "user.email_taken")
        #expect(try await harness.published(UserRegistered.self).count == 1)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM users") == 1)
    }
}
