import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Erasing an account` {
    private static let me = "/api/v1/users/me"
    /// What a user leaves behind, in every table that takes anything.
    private static let canaries = [
        "canary.mail", "canary.other", "Canaryfirst", "Canarylast", "+4915199999999",
        "a canary bio", "canary-preference", "canary value", "Canary Street", "Canaryville",
        "canary-agent", "203.0.113.77",
    ]
    private static let email = "canary.mail@example.org"

    /// Fills every table with something of one user; the session has two factors in the end.
    private func fill(
        _ harness: ModuleHarness<UserModule>
    ) async throws -> (user: UserSeen, tokens: TokensSeen, FactorHeld) {
        let user = try await harness.register([
            "email": .string(Self.email), "firstName": .string("Canaryfirst"),
            "lastName": .string("Canarylast"), "phone": .string("+4915199999999"),
        ]).read(UserSeen.self)
        for password in ["wrong horse", Form.password] {
            _ = try await harness.send(
                .post, "/api/v1/sessions", headers: [.userAgent: "canary-agent"],
                json: Form.json(["email": .string(Self.email), "password": .string(password)]))
        }
        try await harness.database.write { transaction in
            try transaction.execute("UPDATE sessions SET ip_address = '203.0.113.77'")
        }
        let tokens = try await harness.logIn(Self.email).read(TokensSeen.self)
        let token = tokens.accessToken
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        _ = try await harness.send(
            .patch, Self.me, headers: bearer,
            json: Form.json([
                "bio": .string("a canary bio"),
                "preferences": .object(["canary-preference": .string("canary value")]),
            ]))
        let added = try await harness.send(
            .post, AddressBook.path,
            headers: [.authorization: "Bearer \(token)", .idempotencyKey: "a-key"],
            json: AddressBook.form(
                "home", isDefault: true,
                ["line1": .string("Canary Street"), "city": .string("Canaryville")]))
        #expect(added.status == .created)
        let changing = try await harness.requestEmail("canary.other@example.org", token: token)
        #expect(changing.status == .accepted)
        _ = try await harness.requestReset(Self.email)
        _ = try await harness.call(.post, "/api/v1/email-verifications", token: token)
        let support = try await harness.send(
            .put, "/api/v1/users/\(user.id)/roles/support", as: TestCaller(roles: ["admin"]))
        #expect(support.status == .noContent)
        let factor = try await harness.turnOnFactor(token)
        _ = try await harness.logIn(Self.email)
        return (user, tokens, factor)
    }

    @Test func `B103: leaves nothing personal in any table`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, factor) = try await fill(harness)
        let before = try await harness.textOfTables()
        for canary in Self.canaries { #expect(before.tells(canary), "\(canary) was not there") }
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM idempotency_keys") == 1)
        let answer = try await harness.call(.delete, Self.me, token: factor.accessToken)
        #expect(answer.status == .noContent)
        let after = try await harness.textOfTables()
        for canary in Self.canaries { #expect(!after.tells(canary), "\(canary) is there") }
        #expect(!after.lowercased().contains("canary"))
        for sql: SQL in [
            "SELECT COUNT(*) AS n FROM sessions", "SELECT COUNT(*) AS n FROM refresh_tokens",
            "SELECT COUNT(*) AS n FROM addresses", "SELECT COUNT(*) AS n FROM one_time_tokens",
            "SELECT COUNT(*) AS n FROM totp_factors", "SELECT COUNT(*) AS n FROM recovery_codes",
            "SELECT COUNT(*) AS n FROM known_devices", "SELECT COUNT(*) AS n FROM user_roles",
            "SELECT COUNT(*) AS n FROM idempotency_keys",
        ] { #expect(try await harness.count(sql) == 0, "\(sql)") }
        let kept = try await harness.database.read { transaction in
            try transaction.rows("SELECT id FROM users").map { try $0.get("id", as: UserID.self) }
        }
        #expect(kept == [user.id])
    }

    @Test func `B103: tells the id and the time, and no more`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _) = try await harness.join()
        _ = try await harness.send(.delete, Self.me, as: TestCaller(user.id))
        let payloads = try await harness.database.read { transaction in
            try transaction.rows(
                "SELECT data FROM outbox_events WHERE type = \(UserDeleted.type)"
            ).map { try $0.get("data", as: String.self) }
        }
        #expect(payloads.count == 1)
        let members = try JSONValue(parsing: Data(payloads[0].utf8))
        guard case .object(let object) = members else {
            Issue.record("no object: \(payloads[0])")
            return
        }
        #expect(Set(object.keys) == ["userId", "deletedAt"])
        #expect(object["userId"] == .string("\(user.id)"))
    }

    @Test func `B103: is asked for with a fresh log-in, or the password`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let token = tokens.accessToken
        harness.time.advance(by: .seconds(300))
        for (proof, code) in [
            (nil, "auth.reauthentication_required"), ([:], "auth.reauthentication_required"),
            (["currentPassword": "wrong horse"], "user.wrong_password"),
        ] as [([String: String]?, String)] {
            #expect(try await harness.call(.delete, Self.me, proof, token: token).code == code)
        }
        #expect(try await harness.published(UserDeleted.self).isEmpty)
        #expect(try await harness.logIn().status == .created)
        let proof = ["currentPassword": Form.password]
        let answer = try await harness.call(.delete, Self.me, proof, token: token)
        #expect(answer.status == .noContent)
        #expect(try await harness.call(.get, Self.me, token: token).status == .unauthorized)
    }

    @Test func `B103: with the factor on, one factor is not enough`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, factor) = try await harness.joinWithFactor()
        let refused = try await harness.send(.delete, Self.me, as: TestCaller(user.id))
        #expect(refused.code == "auth.reauthentication_required")
        let answer = try await harness.send(
            .delete, Self.me, as: TestCaller(user.id),
            json: Form.json(["totp": .string(factor.code(at: harness.time.now))]))
        #expect(answer.status == .noContent)
    }

    @Test func `B103: frees the address for another account, and tokens open neither`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let reset = try await harness.resetToken(of: user)
        let welcome = try await harness.welcomeToken(of: user.id)
        _ = try await harness.call(.delete, Self.me, token: tokens.accessToken)
        let (next, _) = try await harness.join()
        #expect(next.id != user.id)
        #expect(try await harness.confirmReset(reset, "battery staple").status == .badRequest)
        #expect(try await harness.confirmAddress(welcome).status == .badRequest)
        #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `S104: an export has all that is one's own, and no secrets`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens, factor) = try await fill(harness)
        _ = try await harness.register()
        let answer = try await harness.call(
            .get, Self.me + "/export", token: factor.accessToken)
        #expect(answer.status == .ok)
        let disposition = answer.headers[.contentDisposition] ?? ""
        #expect(disposition.hasPrefix("attachment; "))
        for own in [
            Self.email, "\(user.id)", "Canaryfirst", "Canarylast", "+4915199999999",
            "a canary bio", "canary value", "Canary Street", "Canaryville", "support",
            "customer", "users:read", try harness.claims(of: factor.accessToken).sid,
            "\"isOn\":true", "\"recoveryCodesLeft\":10",
        ] { #expect(answer.text.contains(own), "\(own) is missing") }
        guard case .object(let members) = try answer.json() else { return }
        #expect(
            Set(members.keys) == [
                "exportedAt", "account", "roles", "permissions", "addresses", "sessions",
                "secondFactor",
            ])
        let hash = try await harness.passwordHash(of: user.id)
        for secret in [
            hash, "argon2", tokens.accessToken, tokens.refreshToken, factor.totp.base32,
            "ada@example.org",
        ] + factor.recoveryCodes { #expect(!answer.text.contains(secret)) }
        #expect(!answer.text.lowercased().contains("hash"))
        #expect(try await harness.call(.get, Self.me + "/export").status == .unauthorized)
    }
}
