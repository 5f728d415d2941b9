import Crypto
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

extension ModuleHarness where M == UserModule {
    static var keysPath: String { "/api/v1/api-keys" }

    /// Makes a key as somebody who may do anything.
    func makeKey(
        _ permissions: [String], name: String = "nightly export", expiresAt: Date? = nil,
        by caller: TestCaller = TestCaller(roles: ["admin"])
    ) async throws -> TestAnswer {
        var fields: [String: JSONValue] = [
            "name": .string(name), "permissions": .array(permissions.map { .string($0) }),
        ]
        fields["expiresAt"] = expiresAt.map { .string(FlotillaJSON.rfc3339($0)) }
        return try await send(.post, Self.keysPath, as: caller, json: Form.json(fields))
    }

    /// The access token that a key is worth.
    func exchange(_ apiKey: String) async throws -> TestAnswer {
        try await call(.post, Self.keysPath + "/token", ["apiKey": apiKey])
    }
}

/// A key as an answer shows it.
struct KeySeen: Decodable {
    let id: APIKeyID
    let name: String
    let permissions: [String]
    let createdBy: String
    let createdAt: Date
    let expiresAt: Date?
    let lastUsedAt: Date?
    let revokedAt: Date?
    let apiKey: String?
}

struct KeysSeen: Decodable {
    let items: [KeySeen]
    let nextCursor: String?
}

@Suite struct `Writing a key` {
    private let id = APIKeyID(UUID())

    @Test func `B108: is a prefix, an id, 256 random bits and a checksum`() throws {
        let text = APIKeySecret(for: id).text
        let match = try #require(
            text.wholeMatch(of: /flk_([0-9a-f]{32})_([A-Z2-7]{52})([0-9a-f]{6})/))
        #expect(String(match.1) == id.description.replacing("-", with: ""))
        #expect(Base32.decode(String(match.2))?.count == 32)
        #expect(APIKeySecret(for: id).text != text)
    }

    @Test func `B108: is read as it was written, and fits its own hash alone`() throws {
        let secret = APIKeySecret(for: id)
        let read = try #require(APIKeySecret(secret.text))
        #expect(read.id == id)
        #expect(read.hash == secret.hash)
        #expect(read.fits(secret.hash))
        #expect(!read.fits(APIKeySecret(for: id).hash))
        #expect(!read.fits(""))
        #expect(secret.hash.wholeMatch(of: /[0-9a-f]{64}/) != nil)
    }

    @Test func `B108: one character that is mistyped makes it none`() {
        let text = APIKeySecret(for: id).text
        for index in text.indices {
            var typed = text
            let wrong: Character = text[index] == "7" ? "3" : "7"
            typed.replaceSubrange(index...index, with: [wrong])
            #expect(APIKeySecret(typed) == nil)
        }
        for typed in ["", "flk", "flk__", text + "x", String(text.dropLast()), " " + text] {
            #expect(APIKeySecret(typed) == nil)
        }
        #expect(APIKeySecret(text.uppercased()) == nil)
        #expect(APIKeySecret(String(repeating: "flk_", count: 100)) == nil)
    }
}

@Suite(.serialized) struct `Making keys` {
    @Test func `B108: shows a key once and keeps a hash of it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let boss = TestCaller(roles: ["admin"])
        let end = harness.time.now + 3_600
        let answer = try await harness.makeKey(
            ["orders:read", "users:read"], expiresAt: end, by: boss)
        #expect(answer.status == .created)
        let made = try answer.read(KeySeen.self)
        #expect(answer.headers[.location] == "/api/v1/api-keys/\(made.id)")
        #expect(made.permissions == ["orders:read", "users:read"])
        #expect(made.createdBy == boss.userID.description)
        #expect(made.createdAt == harness.time.now)
        #expect(made.expiresAt == end)
        let text = try #require(made.apiKey)
        let secret = try #require(APIKeySecret(text))
        let random = try #require(text.split(separator: "_").last).dropLast(6)
        let list = try await harness.send(.get, ModuleHarness.keysPath, as: boss)
        for text in [
            list.text, try await harness.textOfTables(), try await harness.textOfEvents(),
        ] { #expect(!text.tells(String(random))) }
        let listed = try list.read(KeysSeen.self).items
        #expect(listed.map(\.id) == [made.id])
        #expect(listed.map(\.apiKey) == [nil])
        let stored = try await harness.database.read { transaction in
            try transaction.rows("SELECT hash FROM api_keys")
                .map { try $0.get("hash", as: String.self) }
        }
        #expect(stored == [SHA256.hash(data: Data(random.utf8)).hexEncoded])
        #expect(stored == [secret.hash])
        let event = try #require(try await harness.published(APIKeyCreated.self).first)
        #expect(event.keyID == made.id)
        #expect(event.name == "nightly export")
        #expect(event.permissions == made.permissions)
        #expect(event.createdBy == made.createdBy)
        #expect(event.expiresAt == end)
    }

    @Test func `B108: permits no more than its maker may`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let clerk = TestCaller(permissions: ["api-keys:manage", "orders:read"])
        let refused = try await harness.makeKey(["orders:read", "users:read"], by: clerk)
        #expect(refused.status == .forbidden)
        #expect(refused.code == "auth.forbidden")
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM api_keys") == 0)
        #expect(try await harness.published(APIKeyCreated.self).isEmpty)
        #expect(try await harness.makeKey(["orders:read"], by: clerk).status == .created)
        // Nor does a new secret for somebody else's give it away.
        let other = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let rotated = try await harness.send(
            .post, "\(ModuleHarness.keysPath)/\(other.id)/rotate", as: clerk)
        #expect(rotated.status == .forbidden)
        #expect(try await harness.exchange(other.apiKey ?? "").status == .ok)
    }

    @Test func `B105: is for whoever may manage keys`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let key = try await harness.makeKey(["users:read"]).read(KeySeen.self)
        let one = "\(ModuleHarness.keysPath)/\(key.id)"
        let stranger = TestCaller(permissions: ["users:read", "users:manage", "roles:manage"])
        for (method, path) in [
            (HTTPRequest.Method.get, ModuleHarness.keysPath), (.post, ModuleHarness.keysPath),
            (.post, one + "/rotate"), (.delete, one),
        ] {
            let refused = try await harness.send(method, path, as: stranger)
            #expect(refused.status == .forbidden)
            #expect(try await harness.send(method, path).status == .unauthorized)
        }
        #expect(try await harness.exchange(key.apiKey ?? "").status == .ok)
    }

    @Test(arguments: [
        #"{"permissions":[]}"#, #"{"name":"","permissions":[]}"#, #"{"name":"x"}"#,
        #"{"name":"x","permissions":["orders"]}"#, #"{"name":"x","permissions":["*:*"]}"#,
        #"{"name":"x","permissions":[],"expiresAt":"tomorrow"}"#,
        #"{"name":"x","permissions":[],"expiresAt":"2020-01-01T00:00:00Z"}"#,
        #"{"name":"x","permissions":[],"apiKey":"flk_mine"}"#,
    ])
    func `refuses what is no key`(body: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let answer = try await harness.send(
            .post, ModuleHarness.keysPath, as: TestCaller(roles: ["admin"]), json: body)
        #expect(answer.status == .unprocessableContent)
        #expect(try await harness.published(APIKeyCreated.self).isEmpty)
    }

    @Test func `lists keys by pages, the newest first`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        for number in 1...3 {
            _ = try await harness.makeKey([], name: "key \(number)")
            harness.time.advance(by: .seconds(1))
        }
        let boss = TestCaller(roles: ["admin"])
        let first = try await harness.send(
            .get, ModuleHarness.keysPath + "?limit=2", as: boss)
        let page = try first.read(KeysSeen.self)
        #expect(page.items.map(\.name) == ["key 3", "key 2"])
        let cursor = try #require(page.nextCursor)
        let second = try await harness.send(
            .get, ModuleHarness.keysPath + "?limit=2&cursor=\(cursor)", as: boss)
        #expect(try second.read(KeysSeen.self).items.map(\.name) == ["key 1"])
    }
}
