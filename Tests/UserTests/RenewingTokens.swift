import Crypto
import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import Settings
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Taking one token for another` {
    @Test func `B50: no other token passes for an access token`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let welcome = try await harness.welcomeToken(of: user.id)
        let reset = try await harness.resetToken(of: user)
        _ = try await harness.requestEmail("new@example.org", token: tokens.accessToken)
        let change = try await harness.changeToken(of: user.id)
        let (_, others) = try await harness.enter("eve@example.org")
        _ = try await harness.turnOnFactor(others.accessToken)
        let pending = try await harness.mfaToken("eve@example.org")
        let request = try await harness.published(UserPasswordResetRequested.self).first
        let sealed = try #require(request?.sealedToken)
        for token in [tokens.refreshToken, welcome, reset, change, pending, sealed] {
            let answer = try await harness.call(.get, "/api/v1/users/me", token: token)
            #expect(answer.status == .unauthorized)
        }
        #expect(
            try await harness.call(.get, "/api/v1/users/me", token: tokens.accessToken).status
                == .ok)
    }

    @Test func `B50: an access token passes for no other`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let access = tokens.accessToken
        for answer in [
            try await harness.refresh(access), try await harness.confirmAddress(access),
            try await harness.confirmReset(access, "another horse entirely"),
            try await harness.confirmEmail(access), try await harness.undoEmail(access),
            try await harness.complete(access, totp: "123456"),
            try await harness.call(.post, "/api/v1/api-keys/token", ["apiKey": access]),
        ] {
            #expect([400, 401, 422].contains(answer.status.code))
        }
        #expect(try await harness.refresh(tokens.refreshToken).status == .ok)
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B50: a token does what it was made for, and nothing else`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let welcome = try await harness.welcomeToken(of: user.id)
        let reset = try await harness.resetToken(of: user)
        for answer in [
            try await harness.confirmReset(welcome, "another horse entirely"),
            try await harness.confirmReset(tokens.refreshToken, "another horse entirely"),
            try await harness.confirmAddress(reset), try await harness.confirmEmail(welcome),
            try await harness.undoEmail(reset), try await harness.refresh(reset),
            try await harness.complete(welcome, totp: "123456"),
        ] { #expect([400, 401].contains(answer.status.code)) }
        #expect(try await harness.published(UserEmailVerified.self).isEmpty)
        #expect(try await harness.published(UserPasswordChanged.self).isEmpty)
        // None was spent by it.
        #expect(try await harness.confirmAddress(welcome).status == .noContent)
        #expect(
            try await harness.confirmReset(reset, "another horse entirely").status == .noContent)
    }
}

@Suite(.serialized) struct `Issuing tokens` {
    @Test func `B51: an access token is good for ten minutes`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let tokens = try await harness.join().tokens
        let claims = try harness.claims(of: tokens.accessToken)
        #expect(claims.exp - claims.iat == 600)
        #expect(claims.nbf == claims.iat)
        #expect(tokens.expiresIn == 600)
        let path = "/api/v1/users/me"
        // Clocks may differ by half a minute.
        harness.time.advance(by: .seconds(629))
        #expect(try await harness.send(.get, path, token: tokens.accessToken).status == .ok)
        harness.time.advance(by: .seconds(1))
        let late = try await harness.send(.get, path, token: tokens.accessToken)
        #expect(late.status == .unauthorized)
    }

    @Test func `B54: an access token has ids, roles and times, and nothing personal`() async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let token = try await harness.join().tokens.accessToken
        let payload = try #require(token.split(separator: ".").dropFirst().first)
        let data = try #require(Data(base64URLEncoded: String(payload)))
        guard case .object(let claims) = try JSONValue(parsing: data) else {
            Issue.record("no object")
            return
        }
        #expect(
            claims.keys.sorted() == [
                "aal", "aud", "auth_time", "exp", "iat", "iss", "jti", "kind", "nbf",
                "permissions", "roles", "sid", "sub",
            ])
        let text = String(decoding: data, as: UTF8.self).lowercased()
        for word in ["ada", "lovelace", "example"] { #expect(!text.contains(word)) }
    }

    @Test func `B57: a refresh token is 256 random bits, of which the hash is kept`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        var token = try await harness.join().tokens.refreshToken
        var seen: Set<String> = [token]
        for _ in 1...5 {
            #expect(Data(base64URLEncoded: token)?.count == 32)
            token = try await harness.refresh(token).read(TokensSeen.self).refreshToken
            seen.insert(token)
        }
        #expect(seen.count == 6)
        let stored = try await harness.database.read { transaction in
            try transaction.rows("SELECT hash FROM refresh_tokens")
                .map { try $0.get("hash", as: String.self) }
        }
        #expect(Set(stored) == Set(seen.map { SHA256.hash(data: Data($0.utf8)).hexEncoded }))
        let text = try await harness.textOfTables()
        for token in seen { #expect(!text.tells(token)) }
    }
}

@Suite struct `Changing the signing key` {
    private let (old, new): (SigningKey, SigningKey)

    init() throws {
        old = try SigningKey(pem: SigningKey.generatePEM())
        new = try SigningKey(pem: SigningKey.generatePEM())
    }

    private func verifier(_ keys: [VerificationKey]) async throws -> AccessTokenVerifier {
        try await AccessTokenVerifier(keys: keys, issuer: "flotilla", audience: "flotilla-api")
    }

    @Test func `B53: tokens of the old key are taken as long as it is among the others`()
        async throws
    {
        let caller = Principal(userID: UserID(), sessionID: "s-1", roles: [], permissions: [])
        let token = try await TokenIssuer(
            key: old, issuer: "flotilla", audience: "flotilla-api"
        ).sign(caller, at: Date(), lifetime: Sessions.accessTokenLifetime)
        let during = try await verifier([new.publicKey, old.publicKey])
        #expect(try await during.verify(token).userID == caller.userID)
        let after = try await verifier([new.publicKey])
        let problem = await #expect(throws: Problem.self) { try await after.verify(token) }
        #expect(problem?.status == .unauthorized)
    }

    @Test func `B53: both keys are published, without their private parts`() async throws {
        let module = UserModule(
            settings: try Settings.load(
                file: nil, flags: [:], environment: [:],
                catalogue: SettingsCatalogue(UserModule.settings)),
            platform: Platform(
                module: UserModule.name, database: .absent(UserModule.name),
                outbox: .unheard(module: UserModule.name), signingKey: new,
                otherKeys: [old.publicKey]))
        let answer = try await TestAnswer.of(
            module.routes, verifier: try await verifier([]), to: .get, "/.well-known/jwks.json",
            headers: [:], body: nil)
        let keys = try answer.read([String: [JSONWebKey]].self)["keys"] ?? []
        #expect(keys.map(\.kid) == [new.publicKey.id, old.publicKey.id])
        guard case .object(let set) = try answer.json(), case .array(let members) = set["keys"]
        else {
            Issue.record("no key set")
            return
        }
        for case .object(let key) in members {
            #expect(key.keys.sorted() == ["alg", "crv", "kid", "kty", "use", "x"])
        }
    }
}
