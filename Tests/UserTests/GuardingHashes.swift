import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import Web

@testable import User

@Suite(.serialized) struct `Renewing a hash` {
    private static let outdated = `Storing passwords`.outdated[0]

    @Test func `B15: two log-ins at a time with an outdated hash succeed both`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        try await harness.set(Self.outdated, of: user.id)
        let answers = try await atOnce(2) { _ in try await harness.logIn() }
        #expect(answers.map(\.status) == [.created, .created])
        #expect(try await harness.passwordHash(of: user.id).hasPrefix("$argon2id$"))
    }

    @Test func `B15: also when they reach two processes`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let twin = try harness.twin()
        let keys = [try SigningKey(pem: SigningKey.generatePEM()).publicKey]
        let verifier = try await AccessTokenVerifier(keys: keys, issuer: "x", audience: "x")
        let form = Form.json([
            "email": .string("ada@example.org"), "password": .string(Form.password),
        ])
        for _ in 1...4 {
            try await harness.set(Self.outdated, of: user.id)
            let answers = try await atOnce(2) { index in
                guard index == 0 else { return try await harness.logIn() }
                return try await TestAnswer.of(
                    twin.routes, verifier: verifier, to: .post, "/api/v1/sessions",
                    headers: [.contentType: "application/json"], body: form)
            }
            #expect(answers.map(\.status) == [.created, .created])
            #expect(try await harness.passwordHash(of: user.id).hasPrefix("$argon2id$"))
        }
    }

    @Test func `B15: a password that was changed meanwhile stays changed`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let changed = try await harness.passwordHash(of: user.id)
        try await harness.database.write { transaction in
            try UserStore().renew("$a$b$c", over: Self.outdated, of: user.id, in: transaction)
        }
        #expect(try await harness.passwordHash(of: user.id) == changed)
        try await harness.database.write { transaction in
            try UserStore().renew("$a$b$c", over: changed, of: user.id, in: transaction)
        }
        #expect(try await harness.passwordHash(of: user.id) == "$a$b$c")
    }
}

@Suite(.serialized) struct `Refusing before hashing` {
    /// Takes most of a second to look at, whatever the password.
    private static let slow = "$2b$14$abcdefghijklmnopqrstuu3e7.BavoRJLZ9EHTwjKRxFgEHHzyLbC"

    @Test func `B25: what is too long, too big or too often costs no hash`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        try await harness.failToLogIn(4)
        try await harness.set(Self.slow, of: user.id)
        let hashing = try await timing { try await harness.failToLogIn(1) }
        let passwords = [257, 17 * 1_024].map { String(repeating: "x", count: $0) }
        let refusing = try await timing {
            let answers = [
                try await harness.logIn("ada@example.org", passwords[0]),
                try await harness.logIn("ada@example.org", passwords[1]),
                try await harness.logIn(),
            ]
            #expect(answers.map(\.status.code) == [422, 413, 401])
        }
        #expect(refusing < hashing)
        #expect(try await harness.reasons() == ["wrong_password": 5, "throttled": 1])
    }

    @Test func `B25: an address that failed too often costs no hash`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "1"]))
        let user = try await harness.register().read(UserSeen.self)
        try await harness.set(Self.slow, of: user.id)
        let hashing = try await timing { try await harness.failToLogIn(1) }
        let refusing = try await timing {
            let answer = try await harness.logIn()
            #expect(answer.status == .tooManyRequests)
        }
        #expect(refusing < hashing)
        #expect(try await harness.reasons() == ["wrong_password": 1])
    }

    @Test func `B25: 256 characters are looked at`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let password = String(repeating: "a tall tree", count: 24).prefix(256)
        let answer = try await harness.register(["password": .string(String(password))])
        #expect(answer.status == .created)
        #expect(try await harness.logIn("ada@example.org", String(password)).status == .created)
    }
}
