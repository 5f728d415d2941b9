import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Using a key` {
    private let boss = TestCaller(roles: ["admin"])

    private func harness(
        _ settings: [String: String] = [:]
    ) async throws -> ModuleHarness<UserModule> {
        try await ModuleHarness(UserModule.self, settings: .withoutFloor(and: settings))
    }

    private func token(
        _ apiKey: String?, _ harness: ModuleHarness<UserModule>
    ) async throws -> String {
        let answer = try await harness.exchange(try #require(apiKey))
        #expect(answer.status == .ok)
        return try #require(answer[member: "accessToken"])
    }

    private func change(
        _ id: APIKeyID, _ verb: String? = nil, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        let path = "\(ModuleHarness.keysPath)/\(id)"
        return verb == nil
            ? try await harness.send(.delete, path, as: boss)
            : try await harness.send(.post, "\(path)/\(verb ?? "")", as: boss)
    }

    private func expectRefused(
        _ apiKey: String?, _ harness: ModuleHarness<UserModule>
    ) async throws {
        let answer = try await harness.exchange(try #require(apiKey))
        #expect(answer.status == .unauthorized)
        #expect(answer.code == "auth.wrong_api_key")
    }

    @Test func `B108: gives a service's token, which opens what the key permits`() async throws {
        let harness = try await harness()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let token = try await token(key.apiKey, harness)
        let claims = try harness.claims(of: token)
        #expect(claims.kind == .service)
        #expect(claims.roles == [])
        #expect(claims.permissions == ["users:read"])
        #expect(claims.sub.uuid == key.id.uuid)
        #expect(claims.exp - claims.iat == 600)
        #expect(try await harness.call(.get, "/api/v1/users", token: token).status == .ok)
        let other = try await harness.call(.get, ModuleHarness.keysPath, token: token)
        #expect(other.status == .forbidden)
        #expect(other.code == "auth.forbidden")
    }

    @Test(arguments: [
        ("GET", "/users/me"), ("PUT", "/users/me"), ("DELETE", "/users/me"),
        ("GET", "/users/me/export"), ("GET", "/users/me/addresses"), ("GET", "/sessions"),
        ("DELETE", "/sessions/all"), ("POST", "/sessions/step-up"),
        ("POST", "/users/me/password"), ("POST", "/users/me/email"),
        ("POST", "/users/me/mfa/totp"), ("POST", "/email-verifications"),
    ])
    func `B108: a service has no account`(method: String, path: String) async throws {
        let harness = try await harness()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let token = try await token(key.apiKey, harness)
        let answer = try await harness.call(
            try #require(HTTPRequest.Method(method)), "/api/v1" + path, token: token)
        #expect(answer.status == .forbidden)
        #expect(answer.code == "auth.user_required")
    }

    @Test func `B108: what is no key, or another's, is refused`() async throws {
        let harness = try await harness()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let text = try #require(key.apiKey)
        for wrong in [
            "x", String(text.dropLast()) + (text.hasSuffix("0") ? "1" : "0"),
            APIKeySecret(for: key.id).text, APIKeySecret(for: APIKeyID(UUID())).text,
        ] { try await expectRefused(wrong, harness) }
        #expect(try await harness.exchange(text).status == .ok)
    }

    @Test func `B108: ends when it was said to`() async throws {
        let harness = try await harness()
        let end = harness.time.now + 3_600
        let key = try await harness.makeKey(["users:read"], expiresAt: end).read(KeySeen.self)
        harness.time.advance(by: .seconds(3_599))
        let answer = try await harness.exchange(key.apiKey ?? "")
        guard case .object(let body) = try answer.json() else { throw CancellationError() }
        #expect(body["expiresIn"] == .integer(1))
        harness.time.advance(by: .seconds(1))
        try await expectRefused(key.apiKey, harness)
    }

    @Test func `B108: tells when it was used last`() async throws {
        let harness = try await harness()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        #expect(key.lastUsedAt == nil)
        try await expectRefused(APIKeySecret(for: key.id).text, harness)
        let used = { () async throws -> Date? in
            try await harness.send(.get, ModuleHarness.keysPath, as: boss)
                .read(KeysSeen.self).items.first?.lastUsedAt
        }
        #expect(try await used() == nil)
        harness.time.advance(by: .seconds(60))
        _ = try await token(key.apiKey, harness)
        #expect(try await used() == harness.time.now)
    }

    @Test func `B108: after a rotation both secrets work for a day`() async throws {
        let harness = try await harness()
        let old = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let answer = try await change(old.id, "rotate", harness)
        #expect(answer.status == .ok)
        let new = try answer.read(KeySeen.self)
        #expect(new.id == old.id)
        #expect(new.permissions == old.permissions)
        #expect(new.apiKey != old.apiKey)
        harness.time.advance(by: .seconds(24 * 3_600 - 1))
        _ = try await token(old.apiKey, harness)
        _ = try await token(new.apiKey, harness)
        harness.time.advance(by: .seconds(1))
        try await expectRefused(old.apiKey, harness)
        _ = try await token(new.apiKey, harness)
    }

    @Test func `B108: of three secrets the first is worth nothing`() async throws {
        let harness = try await harness()
        let first = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let second = try await change(first.id, "rotate", harness).read(KeySeen.self)
        let third = try await change(first.id, "rotate", harness).read(KeySeen.self)
        try await expectRefused(first.apiKey, harness)
        for key in [second, third] { _ = try await token(key.apiKey, harness) }
        #expect(try await harness.published(APIKeyCreated.self).map(\.keyID).count == 3)
    }

    @Test func `B108: a revoked key is worth nothing, nor are its tokens`() async throws {
        let harness = try await harness()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let rotated = try await change(key.id, "rotate", harness).read(KeySeen.self)
        let other = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let (theirs, kept) = (
            try await token(key.apiKey, harness), try await token(other.apiKey, harness)
        )
        for _ in 1...2 { #expect(try await change(key.id, nil, harness).status == .noContent) }
        #expect(
            try await harness.call(.get, "/api/v1/users", token: theirs).status == .unauthorized)
        #expect(try await harness.call(.get, "/api/v1/users", token: kept).status == .ok)
        for text in [key.apiKey, rotated.apiKey] { try await expectRefused(text, harness) }
        let again = try await change(key.id, "rotate", harness)
        #expect(again.status == .notFound)
        #expect(again.code == "api_key.not_found")
        let events = try await harness.published(APIKeyRevoked.self)
        #expect(events.map(\.keyID) == [key.id])
        #expect(events.map(\.revokedBy) == [boss.userID.description])
        #expect(events.map(\.revokedAt) == [harness.time.now])
        let missing = try await change(APIKeyID(UUID()), nil, harness)
        #expect(missing.code == "api_key.not_found")
    }

    @Test func `B108: wrong keys count as failures of the address`() async throws {
        let harness = try await harness(["user.failuresPerMinute": "3"])
        _ = try await harness.register()
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        for _ in 1...5 { _ = try await token(key.apiKey, harness) }
        for wrong in ["x", APIKeySecret(for: key.id).text, "flk_"] {
            try await expectRefused(wrong, harness)
        }
        let refused = try await harness.exchange(try #require(key.apiKey))
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] != nil)
        #expect(try await harness.logIn().status == .tooManyRequests)
    }

    @Test func `B106: a service gives nobody what it lacks`() async throws {
        let harness = try await harness()
        let user = try await harness.register().read(UserSeen.self)
        let key = try await harness.makeKey(["roles:manage", "api-keys:manage", "orders:read"])
            .read(KeySeen.self)
        let token = try await token(key.apiKey, harness)
        let roles = "/api/v1/users/\(user.id)/roles"
        for role in ["admin", "support"] {
            let answer = try await harness.call(.put, "\(roles)/\(role)", token: token)
            #expect(answer.status == .forbidden)
            #expect(answer.code == "auth.forbidden")
        }
        for (path, permissions, status) in [
            ("/api/v1/roles", ["users:manage"], 403), ("/api/v1/roles", ["orders:read"], 201),
            (ModuleHarness.keysPath, ["orders:read", "users:read"], 403),
            (ModuleHarness.keysPath, ["orders:read"], 201),
        ] {
            let answer = try await harness.send(
                .post, path, token: token,
                json: Form.json([
                    "name": .string("clerk"),
                    "permissions": .array(permissions.map { .string($0) }),
                ]))
            #expect(answer.status.code == status)
        }
        #expect(try await harness.published(UserRoleAssigned.self).isEmpty)
        let given = try await harness.call(.put, roles + "/clerk", token: token)
        #expect(given.status == .noContent)
        let assigned = try await harness.published(UserRoleAssigned.self)
        #expect(assigned.map(\.assignedBy) == [key.id.description])
    }
}
