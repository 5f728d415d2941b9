import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Logging in` {
    @Test func `opens a session and tells it`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let answer = try await harness.send(
            .post, "/api/v1/sessions", headers: [.userAgent: "curl/8"],
            json: Form.json([
                "email": .string("ada@example.org"), "password": .string(Form.password),
            ]))
        #expect(answer.status == .created)
        let tokens = try answer.read(TokensSeen.self)
        #expect(tokens.tokenType == "Bearer")
        #expect(tokens.expiresIn == 600)
        let shown = try await harness.send(.get, "/api/v1/users/me", token: tokens.accessToken)
        #expect(try shown.read(UserSeen.self) == user)
        let events = try await harness.published(UserLoggedIn.self)
        #expect(events.count == 1)
        #expect(events.first?.userID == user.id)
        #expect(events.first?.method == "password")
        #expect(events.first?.userAgent == "curl/8")
        #expect(events.first?.loggedInAt == harness.time.now)
        #expect(try await harness.published(UserLoginFailed.self).isEmpty)
    }

    @Test(arguments: ["ada@example.org", "ADA@EXAMPLE.ORG", " Ada@Example.org "])
    func `takes the address in any case`(email: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register()
        #expect(try await harness.logIn(email).status == .created)
    }

    @Test func `B1: answers the same to a wrong password and an unknown address`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register()
        var texts: Set<String> = []
        for (email, password) in [
            ("ada@example.org", "wrong horse"), ("eve@example.org", Form.password),
            ("no address", Form.password), ("ada@example.org", "x"),
        ] {
            let answer = try await harness.send(
                .post, "/api/v1/sessions", headers: [.requestID: "r"],
                json: Form.json(["email": .string(email), "password": .string(password)]))
            #expect(answer.status == .unauthorized)
            #expect(try answer.read(ProblemSeen.self).code == "auth.wrong_credentials")
            // The trace id alone differs.
            texts.insert(answer.text.replacing(/"traceId":"[0-9a-f]+",?/, with: ""))
        }
        #expect(texts.count == 1)
        #expect(try await harness.published(UserLoggedIn.self).isEmpty)
    }

    @Test func `B111: tells of a failure without the address`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        _ = try await harness.logIn("ada@example.org", "wrong horse")
        _ = try await harness.logIn(" ADA@example.org ", "wrong horse")
        _ = try await harness.logIn("eve@example.org", "wrong horse")
        let events = try await harness.published(UserLoginFailed.self)
        #expect(events.map(\.reason) == ["wrong_password", "wrong_password", "unknown_user"])
        #expect(events.map(\.userID) == [user.id, user.id, nil])
        #expect(events[0].emailHash == events[1].emailHash)
        #expect(events[0].emailHash != events[2].emailHash)
        #expect(events.allSatisfy { $0.emailHash.count == 64 })
        #expect(events[2].key == events[2].emailHash)
        let payloads = try await harness.database.read { transaction in
            try transaction.rows(
                "SELECT data, key FROM outbox_events WHERE type = \(UserLoginFailed.type)"
            ).map { try $0.get("data", as: String.self) + $0.get("key", as: String.self) }
        }
        #expect(payloads.count == 3)
        for word in ["ada", "eve", "example", "horse", "@"] {
            #expect(payloads.allSatisfy { !$0.lowercased().contains(word) })
        }
    }

    @Test(arguments: [
        ("caf\u{E9} noir 12", "cafe\u{301} noir 12"),
        ("\u{FB01}nally a password", "finally a password"),
        ("１２３４ｈｏｒｓｅｓ１２", "1234horses12"),
        ("\u{212B}ngstr\u{F6}m unit", "\u{C5}ngstro\u{308}m unit"),
    ])
    func `B31: takes one password in any Unicode form`(chosen: String, typed: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register(["password": .string(chosen)])
        #expect(try await harness.logIn("ada@example.org", typed).status == .created)
        #expect(try await harness.logIn("ada@example.org", chosen).status == .created)
    }

    @Test(arguments: [
        ("secret\u{0}tail-a", "secret\u{0}tail-b"), ("secret horse 1\u{0}", "secret horse 1"),
        ("a secret horse", "A secret horse"), ("a secret horse", "a secret horse "),
        ("  a secret horse", "a secret horse"), ("a s\u{E4}cret horse", "a sacret horse"),
        ("a secret horse\n", "a secret horse"),
    ])
    func `B17: tells similar passwords apart, also behind a NUL`(
        chosen: String, typed: String
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register(["password": .string(chosen)])
        #expect(try await harness.logIn("ada@example.org", typed).status == .unauthorized)
        #expect(try await harness.logIn("ada@example.org", chosen).status == .created)
    }

    @Test(arguments: [
        "{}", #"{"email":"ada@example.org"}"#, #"{"email":1,"password":"x"}"#,
        #"{"email":"ada@example.org","password":"correct horse","admin":true}"#,
    ])
    func `refuses what is no log-in`(body: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.register()
        let answer = try await harness.send(.post, "/api/v1/sessions", json: body)
        #expect(answer.status == .unprocessableContent)
        #expect(try await harness.published(UserLoginFailed.self).isEmpty)
    }
}
