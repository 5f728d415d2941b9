import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import Web

@Suite(.serialized) struct `Refreshing a session` {
    private static let day = Duration.seconds(24 * 3_600)

    private func expectRefused(_ answer: TestAnswer) throws {
        #expect(answer.status == .unauthorized)
        #expect(try answer.read(ProblemSeen.self).code == "auth.refresh_token_spent")
    }

    @Test func `B58: gives a new pair for the old one`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        harness.time.advance(by: .seconds(3_600))
        let answer = try await harness.refresh(tokens.refreshToken)
        #expect(answer.status == .ok)
        let next = try answer.read(TokensSeen.self)
        #expect(next.refreshToken != tokens.refreshToken)
        // The first access token has expired by now.
        let old = try await harness.send(.get, "/api/v1/users/me", token: tokens.accessToken)
        #expect(old.status == .unauthorized)
        let new = try await harness.send(.get, "/api/v1/users/me", token: next.accessToken)
        #expect(try new.read(UserSeen.self) == user)
    }

    @Test func `B58: goes on over many rotations`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        var token = try await harness.join().tokens.refreshToken
        var seen: Set<String> = [token]
        for _ in 1...10 {
            token = try await harness.refresh(token).read(TokensSeen.self).refreshToken
            seen.insert(token)
        }
        #expect(seen.count == 11)
    }

    @Test func `B58: ends the session when a spent token comes back`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let first = try await harness.join().tokens.refreshToken
        let second = try await harness.refresh(first).read(TokensSeen.self).refreshToken
        let third = try await harness.refresh(second).read(TokensSeen.self).refreshToken
        try expectRefused(try await harness.refresh(first))
        try expectRefused(try await harness.refresh(third))
        try expectRefused(try await harness.refresh(second))
    }

    @Test func `leaves the other sessions alone when one ends`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let first = try await harness.join().tokens.refreshToken
        let other = try await harness.logIn().read(TokensSeen.self).refreshToken
        _ = try await harness.refresh(first)
        harness.time.advance(by: .seconds(31))
        try expectRefused(try await harness.refresh(first))
        #expect(try await harness.refresh(other).status == .ok)
    }

    @Test(arguments: ["x", "'; --", String(repeating: "x", count: 200)])
    func `refuses a token that nobody gave out`(token: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.join()
        try expectRefused(try await harness.refresh(token))
    }

    @Test func `B57: keeps tokens as hashes only`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let token = try await harness.join().tokens.refreshToken
        let hashes = try await harness.database.read { transaction in
            try transaction.rows("SELECT hash FROM refresh_tokens")
                .map { try $0.get("hash", as: String.self) }
        }
        #expect(hashes.count == 1)
        #expect(hashes.first?.count == 64)
        #expect(hashes.first != token)
    }

    @Test(arguments: [
        (Duration.seconds(7 * 24 * 3_600 - 1), true), (.seconds(7 * 24 * 3_600), false),
    ])
    func `B62: is over after seven days without use`(idle: Duration, isGood: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let token = try await harness.join().tokens.refreshToken
        harness.time.advance(by: idle)
        let answer = try await harness.refresh(token)
        #expect((answer.status == .ok) == isGood)
        if !isGood { try expectRefused(answer) }
    }

    @Test(arguments: [(Duration.seconds(1), true), (.zero, false)])
    func `B62: is over after thirty days of use`(before: Duration, isGood: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        var token = try await harness.join().tokens.refreshToken
        for _ in 1...5 {
            harness.time.advance(by: Self.day * 5)
            token = try await harness.refresh(token).read(TokensSeen.self).refreshToken
        }
        harness.time.advance(by: Self.day * 5 - before)
        #expect((try await harness.refresh(token).status == .ok) == isGood)
    }
}

@Suite(.serialized) struct `Publishing the keys` {
    @Test func `B52: shows the one that access tokens name`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let tokens = try await harness.join().tokens
        let answer = try await harness.send(.get, "/.well-known/jwks.json")
        let keys = try answer.read([String: [JSONWebKey]].self)["keys"] ?? []
        #expect(keys.count == 1)
        #expect(keys.first?.kty == "OKP")
        let header = try #require(tokens.accessToken.split(separator: ".").first)
        let data = try #require(Data(base64URLEncoded: String(header)))
        let members = try JSONDecoder().decode([String: String].self, from: data)
        #expect(members["kid"] == keys.first?.kid)
        #expect(members["alg"] == keys.first?.alg)
        #expect(members["typ"] == "at+jwt")
        #expect(answer.headers[.cacheControl] == "public, max-age=300")
    }
}
