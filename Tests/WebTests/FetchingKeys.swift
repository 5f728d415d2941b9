import Crypto
import Events
import Foundation
import HTTPTypes
import Testing

@testable import Web

@Suite struct `Fetching keys` {
    private let forge = TokenForge()

    private static func remote(
        at url: String, _ change: (inout RemoteKeys.Settings) -> Void = { _ in }
    ) -> RemoteKeys {
        var settings = RemoteKeys.Settings(url: url)
        settings.timeout = .seconds(60)
        change(&settings)
        return RemoteKeys(settings: settings)
    }

    private static func verifier(_ keys: RemoteKeys) -> AccessTokenVerifier {
        AccessTokenVerifier(
            keys: keys, issuer: "flotilla", audience: "flotilla-api", now: { TokenForge.now })
    }

    /// What a token is refused with; `nil` when it is good.
    private static func refusal(_ keys: RemoteKeys, _ token: String) async -> Problem? {
        do {
            _ = try await verifier(keys).verify(token)
            return nil
        } catch {
            return error as? Problem ?? .notFound("no problem but \(error)")
        }
    }

    @Test func `makes tokens of another process good`() async throws {
        let (forge, jwk) = (forge, try forge.ed25519Key.publicKey.jwk)
        try await KeyServer.withServer(.keys([jwk])) { _, url in
            let keys = Self.remote(at: url)
            await keys.refresh()
            let principal = try await Self.verifier(keys).verify(forge.token())
            #expect(principal.userID == forge.user)
        }
    }

    @Test func `B121: answers 503 and when to come back until there are keys`() async throws {
        let token = try forge.token()
        try await KeyServer.withServer(.status(.serviceUnavailable)) { _, url in
            let keys = Self.remote(at: url)
            let before = try #require(await Self.refusal(keys, token))
            #expect(before.status == .serviceUnavailable)
            #expect(before.headers[.retryAfter] != nil)
            await keys.refresh()
            #expect(await Self.refusal(keys, token)?.status == .serviceUnavailable)
        }
    }

    @Test func `finds the keys in the background once the other process is there`() async throws {
        let (token, jwk) = (try forge.token(), try forge.ed25519Key.publicKey.jwk)
        try await KeyServer.withServer(.status(.serviceUnavailable)) { server, url in
            let keys = Self.remote(at: url) { $0.retryDelay = .milliseconds(5) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keys.run() }
                while server.fetchCount < 2 { try await Task.sleep(for: .milliseconds(5)) }
                server.say(.keys([jwk]))
                while await Self.refusal(keys, token) != nil {
                    try await Task.sleep(for: .milliseconds(5))
                }
                group.cancelAll()
            }
        }
    }

    @Test func `keeps the last good keys for as long as the other process is away`() async throws {
        let (token, jwk) = (try forge.token(), try forge.ed25519Key.publicKey.jwk)
        let keys = try await KeyServer.withServer(.keys([jwk])) { server, url in
            let keys = Self.remote(at: url) { $0.unknownKeyInterval = .zero }
            await keys.refresh()
            for answer in [.status(.internalServerError), .text("{}"), .keys([])]
                as [KeyServer.Answer]
            {
                server.say(answer)
                await keys.refresh()
                #expect(await Self.refusal(keys, token) == nil)
            }
            return keys
        }
        // Now nobody listens at all.
        await keys.refresh()
        #expect(await Self.refusal(keys, token) == nil)
        let unknown = try forge.token(header: ["kid": .string("unknown")])
        #expect(await Self.refusal(keys, unknown)?.status == .unauthorized)
    }

    @Test func `B53: follows a rotation at once, through a set of two keys`() async throws {
        let (ed25519, p256) = (
            try forge.ed25519Key.publicKey.jwk, try forge.p256Key.publicKey.jwk
        )
        let old = try forge.token()
        let new = try forge.token(
            header: ["alg": .string("ES256"), "kid": .string(p256.kid)],
            signature: TokenForge.signatureByP256)
        try await KeyServer.withServer(.keys([ed25519])) { server, url in
            let keys = Self.remote(at: url) { $0.unknownKeyInterval = .zero }
            await keys.refresh()
            server.say(.keys([p256, ed25519]))
            #expect(await Self.refusal(keys, new) == nil)
            #expect(await Self.refusal(keys, old) == nil)
            server.say(.keys([p256]))
            await keys.refresh()
            #expect(await Self.refusal(keys, new) == nil)
            #expect(await Self.refusal(keys, old)?.status == .unauthorized)
        }
    }

    @Test func `lets forged keys make one fetch, and no more for a while`() async throws {
        let (forge, jwk) = (forge, try forge.ed25519Key.publicKey.jwk)
        try await KeyServer.withServer(.keys([jwk])) { server, url in
            let keys = Self.remote(at: url) { $0.unknownKeyInterval = .seconds(4) }
            await keys.refresh()
            try await Task.sleep(for: .milliseconds(4_050))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...50 {
                    group.addTask {
                        let token = try forge.token(header: ["kid": .string("forged-\(number)")])
                        #expect(await Self.refusal(keys, token)?.status == .unauthorized)
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.fetchCount == 2)
        }
    }

    @Test func `passes over keys that tokens may not be signed with`() async throws {
        let good = try forge.p256Key.publicKey.jwk
        let y = try #require(good.y)
        let ed25519 = try forge.ed25519Key.publicKey.jwk.x
        let others = [
            #"{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","alg":"RS256"}"#,
            #"{"kty":"oct","kid":"b","k":"c2VjcmV0"}"#, "7", "null", "{}",
            #"{"kty":"EC","crv":"P-384","kid":"c","x":"\#(good.x)","y":"\#(y)"}"#,
            #"{"kty":"EC","crv":"P-256","kid":"d","x":"\#(good.x)","y":"\#(good.x)"}"#,
            #"{"kty":"EC","crv":"P-256","kid":"e","x":"\#(good.x)"}"#,
            #"{"kty":"OKP","crv":"Ed25519","kid":"f","x":"c2hvcnQ"}"#,
            #"{"kty":"OKP","crv":"X25519","kid":"g","x":"\#(ed25519)"}"#,
            #"{"kty":"OKP","crv":"Ed25519","kid":"h","use":"enc","x":"\#(ed25519)"}"#,
            #"{"kty":"OKP","crv":"Ed25519","kid":"i","alg":"ES256","x":"\#(ed25519)"}"#,
        ]
        let kept = #"{"kty":"EC","crv":"P-256","kid":"good","x":"\#(good.x)","y":"\#(y)"}"#
        let set = #"{"keys":[\#((others + [kept]).joined(separator: ","))]}"#
        try await KeyServer.withServer(.text(set)) { _, url in
            let found = try await KeySetFetch(url: url, timeout: .seconds(60)).keys()
            #expect(found.map(\.id) == ["good"])
        }
    }

    @Test func `takes nothing from an answer that is no set of keys`() async throws {
        let jwk = try forge.ed25519Key.publicKey.jwk
        let padding = String(repeating: " ", count: 70_000)
        let wrong: [(KeyServer.Answer, KeySetError)] = [
            (.text(""), .unreadable), (.text("[]"), .unreadable),
            (.text("{\"keys\":1}"), .unreadable),
            (.keys([]), .noUsableKey), (.text("{\"keys\":[]}" + padding), .tooLarge),
            (.status(.notFound), .refused(404)),
            (.status(.found, [.location: "/elsewhere"]), .refused(302)), (.silence, .timedOut),
        ]
        try await KeyServer.withServer(.keys([jwk])) { server, url in
            for (answer, expected) in wrong {
                server.say(answer)
                let patience = expected == .timedOut ? Duration.milliseconds(300) : .seconds(60)
                let fetch = KeySetFetch(url: url, timeout: patience)
                let error = await #expect(throws: (any Error).self) { try await fetch.keys() }
                // The client's own clock may be first to say that it took too long.
                if expected != .timedOut { #expect(error as? KeySetError == expected) }
            }
        }
    }
}
