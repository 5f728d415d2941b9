import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Managing sessions` {
    private struct Seen: Decodable, Equatable {
        let id: String
        let current: Bool
        let ipAddress: String?
        let userAgent: String?
        let createdAt: Date
        let lastUsedAt: Date
        let expiresAt: Date
    }

    private func list(
        _ harness: ModuleHarness<UserModule>, _ tokens: TokensSeen
    ) async throws -> [Seen] {
        let answer = try await harness.send(
            .get, "/api/v1/sessions", token: tokens.accessToken)
        #expect(answer.status == .ok)
        return try answer.read([String: [Seen]?].self)["items"].flatMap(\.self) ?? []
    }

    private func end(
        _ id: String, _ harness: ModuleHarness<UserModule>, _ tokens: TokensSeen
    ) async throws -> TestAnswer {
        try await harness.send(.delete, "/api/v1/sessions/\(id)", token: tokens.accessToken)
    }

    @Test func `B68: lists the caller's own, the one used last first`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, first) = try await harness.join()
        _ = try await harness.register(["email": .string("eve@example.org")])
        _ = try await harness.logIn("eve@example.org")
        harness.time.advance(by: .seconds(60))
        let second = try await harness.logIn().read(TokensSeen.self)
        let seen = try await list(harness, first)
        #expect(seen.map(\.current) == [false, true])
        #expect(seen[0].createdAt == harness.time.now)
        #expect(seen[0].expiresAt == harness.time.now + 30 * 24 * 3_600)
        #expect(try await list(harness, second).map(\.id) == seen.map(\.id))
    }

    @Test(arguments: [true, false])
    func `B68: ends one of the caller's own, and no other`(byName: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, first) = try await harness.join()
        let second = try await harness.logIn().read(TokensSeen.self)
        let current = try #require(try await list(harness, first).first(where: \.current))
        let id = byName ? "current" : current.id
        #expect(try await end(id, harness, first).status == .noContent)
        #expect(try await harness.refresh(first.refreshToken).status == .unauthorized)
        #expect(try await harness.refresh(second.refreshToken).status == .ok)
        #expect(try await list(harness, second).count == 1)
    }

    @Test func `B68: somebody else's is not there, nor one that has ended`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, ada) = try await harness.join()
        _ = try await harness.register(["email": .string("eve@example.org")])
        let eve = try await harness.logIn("eve@example.org").read(TokensSeen.self)
        let hers = try #require(try await list(harness, ada).first)
        for id in [hers.id, UUID().uuidString, "x", "%00"] {
            let answer = try await end(id, harness, eve)
            #expect(answer.status == .notFound)
            #expect(try answer.read(ProblemSeen.self).code == "session.not_found")
        }
        let second = try await harness.logIn().read(TokensSeen.self)
        #expect(try await end(hers.id, harness, second).status == .noContent)
        #expect(try await end(hers.id, harness, second).status == .notFound)
    }

    @Test func `B70: one more than twenty ends the one that was used longest ago`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, first) = try await harness.join()
        let second = try await harness.logIn().read(TokensSeen.self)
        harness.time.advance(by: .seconds(1))
        _ = try await harness.refresh(first.refreshToken)
        for _ in 3...20 { _ = try await harness.logIn() }
        #expect(try await list(harness, second).count == 20)
        let last = try await harness.logIn().read(TokensSeen.self)
        let seen = try await list(harness, last)
        #expect(seen.count == 20)
        #expect(try await harness.refresh(second.refreshToken).status == .unauthorized)
        harness.time.advance(by: .seconds(31))
        #expect(try await harness.refresh(last.refreshToken).status == .ok)
    }

    @Test func `B71: each log-in opens a session of its own`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        _ = try await harness.logIn()
        #expect(Set(try await list(harness, tokens).map(\.id)).count == 2)
    }
}

@Suite(.serialized) struct `Refreshing at the same time` {
    @Test func `B60: twenty at once get one and the same successor`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let token = try await harness.join().tokens.refreshToken
        let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
            for _ in 1...20 { group.addTask { try await harness.refresh(token) } }
            return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == .ok })
        let next = Set(try answers.map { try $0.read(TokensSeen.self).refreshToken })
        #expect(next.count == 1)
        let living = try await harness.count(
            "SELECT COUNT(*) AS n FROM refresh_tokens WHERE spent_at IS NULL")
        #expect(living == 1)
        #expect(try await harness.refresh(try #require(next.first)).status == .ok)
    }

    @Test func `B61: an answer that was lost is given again within half a minute`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let token = try await harness.join().tokens.refreshToken
        let lost = try await harness.refresh(token).read(TokensSeen.self)
        harness.time.advance(by: .seconds(29))
        let again = try await harness.refresh(token).read(TokensSeen.self)
        #expect(again.refreshToken == lost.refreshToken)
        #expect(try await harness.refresh(again.refreshToken).status == .ok)
    }

    @Test func `B58: after half a minute a copy ends the session`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let token = try await harness.join().tokens.refreshToken
        let next = try await harness.refresh(token).read(TokensSeen.self)
        harness.time.advance(by: .seconds(31))
        #expect(try await harness.refresh(token).status == .unauthorized)
        #expect(try await harness.refresh(next.refreshToken).status == .unauthorized)
    }

    @Test func `B59: a copy of the token before the last ends the session at once`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let first = try await harness.join().tokens.refreshToken
        let second = try await harness.refresh(first).read(TokensSeen.self).refreshToken
        let third = try await harness.refresh(second).read(TokensSeen.self).refreshToken
        #expect(try await harness.refresh(first).status == .unauthorized)
        #expect(try await harness.refresh(third).status == .unauthorized)
    }
}

@Suite(.serialized) struct `Ending access` {
    private func me(
        _ harness: ModuleHarness<UserModule>, _ tokens: TokensSeen
    ) async throws -> Int {
        try await harness.send(.get, "/api/v1/users/me", token: tokens.accessToken).status.code
    }

    @Test func `B63: after a log-out the next request is refused`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        let answer = try await harness.send(
            .delete, "/api/v1/sessions/current", token: tokens.accessToken)
        #expect(answer.status == .noContent)
        #expect(try await me(harness, tokens) == 401)
        #expect(try await me(harness, other) == 200)
        let events = try await harness.published(UserSessionsEnded.self)
        #expect(events.map(\.userID) == [user.id])
        #expect(events.map(\.reason) == ["log_out"])
        #expect(events.map(\.sessionIDs.count) == [1])
    }

    @Test func `B58: a copied refresh token ends access tokens too`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        let next = try await harness.refresh(tokens.refreshToken).read(TokensSeen.self)
        harness.time.advance(by: .seconds(31))
        #expect(try await me(harness, next) == 200)
        _ = try await harness.refresh(tokens.refreshToken)
        #expect(try await me(harness, next) == 401)
        #expect(try await me(harness, tokens) == 401)
        let events = try await harness.published(UserSessionsEnded.self)
        #expect(events.map(\.reason) == ["refresh_token_reused"])
    }

    @Test func `B65: a new password ends the other sessions and keeps the caller's`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        let answer = try await harness.send(
            .post, "/api/v1/users/me/password", token: tokens.accessToken,
            json: Form.json([
                "currentPassword": .string(Form.password),
                "newPassword": .string("another horse entirely"),
            ]))
        #expect(answer.status == .noContent)
        #expect(try await me(harness, tokens) == 200)
        #expect(try await me(harness, other) == 401)
        #expect(try await harness.refresh(other.refreshToken).status == .unauthorized)
        #expect(try await harness.refresh(tokens.refreshToken).status == .ok)
    }

    @Test func `B64: a deleted account's tokens are refused at the next request`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        let answer = try await harness.send(
            .delete, "/api/v1/users/me", token: tokens.accessToken)
        #expect(answer.status == .noContent)
        #expect(try await me(harness, tokens) == 401)
    }
}

@Suite(.serialized) struct `Administering accounts` {
    private let boss = TestCaller(UserID(), roles: ["admin"])

    private func put(
        _ status: String, _ user: UserID, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .put, "/api/v1/users/\(user)/status", as: boss,
            json: Form.json(["status": .string(status), "reason": .string("spam")]))
    }

    @Test func `B64: who is suspended is out at once, and back in when taken up again`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        let answer = try await put("suspended", user.id, harness)
        #expect(answer.status == .ok)
        #expect(try answer.read(UserSeen.self).status == "suspended")
        let refused = try await harness.send(
            .get, "/api/v1/users/me", token: tokens.accessToken)
        #expect(refused.status == .unauthorized)
        #expect(try await harness.logIn().status == .forbidden)
        #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
        _ = try await put("suspended", user.id, harness)
        #expect(try await put("active", user.id, harness).status == .ok)
        let back = try await harness.logIn().read(TokensSeen.self)
        let seen = try await harness.send(.get, "/api/v1/users/me", token: back.accessToken)
        #expect(seen.status == .ok)
        // What was ended stays so.
        let old = try await harness.send(.get, "/api/v1/users/me", token: tokens.accessToken)
        #expect(old.status == .unauthorized)
        let events = try await harness.published(UserAccountStatusChanged.self)
        #expect(
            events.map { [$0.oldStatus, $0.newStatus] }
                == [["pending_verification", "suspended"], ["suspended", "active"]])
        #expect(events.allSatisfy { $0.changedBy == boss.userID && $0.reason == "spam" })
    }

    @Test func `B106: the last administrator can be neither suspended nor deleted`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for name in ["one", "two"] {
            _ = try await harness.module.createAdministrator(
                email: "\(name)@example.org", password: Form.password)
        }
        let list = try await harness.send(.get, "/api/v1/users", as: boss)
        let users = try list.read([String: [UserSeen]?].self)["items"].flatMap(\.self) ?? []
        #expect(users.map(\.email) == ["two@example.org", "one@example.org"])
        #expect(try await put("suspended", users[0].id, harness).status == .ok)
        let refused = try await put("suspended", users[1].id, harness)
        #expect(refused.status == .conflict)
        #expect(try refused.read(ProblemSeen.self).code == "user.last_administrator")
        let deleted = try await harness.send(
            .delete, "/api/v1/users/me", as: TestCaller(users[1].id))
        #expect(deleted.status == .conflict)
    }

    @Test(arguments: [
        ("{}", 422), (#"{"status":"deleted","reason":"x"}"#, 422),
        (#"{"status":"pending_verification","reason":"x"}"#, 422),
        (#"{"status":"active"}"#, 422), (#"{"status":"active","reason":""}"#, 422),
        (#"{"status":"active","reason":"x","role":"admin"}"#, 422),
    ])
    func `refuses what is no status`(body: String, status: Int) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, _) = try await harness.join()
        let answer = try await harness.send(
            .put, "/api/v1/users/\(user.id)/status", as: boss, json: body)
        #expect(answer.status.code == status)
        #expect(try await harness.published(UserAccountStatusChanged.self).isEmpty)
    }

    @Test func `B105: is for whoever holds the permission, and shows what is there`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        for (method, path) in [
            (HTTPRequest.Method.get, "/api/v1/users"), (.get, "/api/v1/users/\(user.id)"),
            (.put, "/api/v1/users/\(user.id)/status"),
        ] {
            let own = try await harness.send(method, path, token: tokens.accessToken)
            #expect(own.status == .forbidden)
            #expect(try await harness.send(method, path).status == .unauthorized)
        }
        let shown = try await harness.send(.get, "/api/v1/users/\(user.id)", as: boss)
        #expect(try shown.read(UserSeen.self) == user)
        let missing = try await harness.send(.get, "/api/v1/users/\(UUID())", as: boss)
        #expect(missing.status == .notFound)
    }
}
