import Crypto
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import JWTKit
import Testing

@testable import Web

@Suite struct `Remembering a token that was verified` {
    private let forge = TokenForge()
    private let time = TestTime(TokenForge.now)

    private func isRefused(_ token: String, by verifier: AccessTokenVerifier) async -> Bool {
        do {
            _ = try await verifier.verify(token)
            return false
        } catch {
            return (error as? Problem)?.status == .unauthorized
        }
    }

    @Test func `says the same caller again`() async throws {
        let verifier = try await forge.verifier(now: { [time] in time.now })
        let token = try forge.token()
        let first = try await verifier.verify(token)
        for _ in 1...3 {
            #expect(try await verifier.verify(token) == first)
            time.advance(by: .seconds(4))
        }
    }

    @Test func `does not let it outlive its expiry`() async throws {
        let verifier = try await forge.verifier(now: { [time] in time.now })
        let end = Int64(TokenForge.now.timeIntervalSince1970) + 1
        let token = try forge.token(claims: ["exp": .integer(end)])
        _ = try await verifier.verify(token)
        time.advance(by: .seconds(30))
        _ = try await verifier.verify(token)
        time.advance(by: .seconds(1))
        #expect(await isRefused(token, by: verifier))
    }

    @Test(arguments: [true, false])
    func `does not let it outlive its session or its user`(isSession: Bool) async throws {
        let ended = EndedAccess()
        let verifier = try await forge.verifier(endedAccess: ended, now: { [time] in time.now })
        let token = try forge.token()
        _ = try await verifier.verify(token)
        ended.end(isSession ? .session("s-1") : .user(forge.user), at: time.now)
        #expect(await isRefused(token, by: verifier))
    }

    @Test func `does not let it outlive its key`() async throws {
        let (ed25519, p256) = (
            try forge.ed25519Key.publicKey.jwk, try forge.p256Key.publicKey.jwk
        )
        let token = try forge.token()
        try await KeyServer.withServer(.keys([ed25519, p256])) { [self] server, url in
            let keys = RemoteKeys(settings: .init(url: url))
            let verifier = AccessTokenVerifier(
                keys: keys, issuer: "flotilla", audience: "flotilla-api",
                now: { TokenForge.now })
            await keys.refresh()
            _ = try await verifier.verify(token)
            server.say(.keys([p256]))
            await keys.refresh()
            #expect(await isRefused(token, by: verifier))
        }
    }

    @Test func `knows another key of the same name for another`() async throws {
        let good = try forge.ed25519Key.publicKey.jwk
        let stranger = try TokenForge().ed25519Key.publicKey.jwk
        let impostor = JSONWebKey(
            kty: good.kty, crv: good.crv, x: stranger.x, y: nil, kid: good.kid, alg: good.alg)
        let token = try forge.token()
        try await KeyServer.withServer(.keys([good])) { [self] server, url in
            let keys = RemoteKeys(settings: .init(url: url))
            let verifier = AccessTokenVerifier(
                keys: keys, issuer: "flotilla", audience: "flotilla-api",
                now: { TokenForge.now })
            await keys.refresh()
            _ = try await verifier.verify(token)
            server.say(.keys([impostor]))
            await keys.refresh()
            #expect(await isRefused(token, by: verifier))
        }
    }

    @Test func `takes no other token for it`() async throws {
        let verifier = try await forge.verifier(now: { [time] in time.now })
        let token = try forge.token()
        let other = try forge.token(claims: ["sid": .string("s-2")])
        _ = try await verifier.verify(token)
        let (mine, theirs) = (
            token.split(separator: ".").map(String.init),
            other.split(separator: ".").map(String.init)
        )
        #expect(await isRefused("\(theirs[0]).\(theirs[1]).\(mine[2])", by: verifier))
        #expect(await isRefused(token + "A", by: verifier))
        #expect(await isRefused(String(token.dropLast()), by: verifier))
    }

    @Test func `never remembers one that is wrong`() async throws {
        let verifier = try await forge.verifier(now: { [time] in time.now })
        let token = try TokenForge().token(header: [
            "kid": .string(try forge.ed25519Key.publicKey.id)
        ])
        for _ in 1...3 { #expect(await isRefused(token, by: verifier)) }
    }

    // MARK: - What is kept

    private func entry() -> VerifiedTokens.Entry {
        let claims = AccessTokenClaims(
            principal: Principal(
                userID: forge.user, sessionID: "s", roles: [], permissions: []),
            issuer: "i", audience: "a", issuedAt: time.now, lifetime: .seconds(600))
        return VerifiedTokens.Entry(claims: claims, kid: "k", keys: JWTKeyCollection())
    }

    @Test(arguments: [(9, true), (10, false), (60, false), (-1, false)])
    func `forgets it within two lifetimes, or when the clock goes back`(
        seconds: Int, isKnown: Bool
    ) {
        let tokens = VerifiedTokens()
        let name = VerifiedTokens.name(of: "token")
        tokens.remember(entry(), for: name, at: time.now)
        time.advance(by: .seconds(seconds))
        #expect((tokens.entry(for: name, at: time.now) != nil) == isKnown)
    }

    @Test func `keeps so many and no more, the newest ones`() {
        let (tokens, entry) = (VerifiedTokens(), entry())
        let names = (0..<3 * VerifiedTokens.countMax).map { VerifiedTokens.name(of: "\($0)") }
        for name in names { tokens.remember(entry, for: name, at: time.now) }
        let known = names.map { tokens.entry(for: $0, at: time.now) != nil }
        let expected = names.indices.map { $0 >= VerifiedTokens.countMax }
        #expect(known == expected)
    }
}
