import Crypto
import Events
import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Verifying a token` {
    private let forge = TokenForge()
    private static let now = Int64(TokenForge.now.timeIntervalSince1970)

    private func isRefused(_ token: String) async throws -> Bool {
        do {
            _ = try await forge.verifier().verify(token)
            return false
        } catch let problem as Problem {
            #expect(problem.status == .unauthorized)
            #expect(problem.code == "auth.unauthorized")
            // Whatever is wrong, the words are the same.
            #expect(problem.detail == "the access token is not valid")
            #expect(problem.headers[.wwwAuthenticate] == "Bearer")
            return true
        }
    }

    @Test func `tells the caller of a good one`() async throws {
        let principal = try await forge.verifier().verify(forge.token())
        #expect(
            principal
                == Principal(
                    userID: forge.user, sessionID: "s-1", roles: ["clerk"],
                    permissions: ["desk:sit"]))
    }

    @Test func `takes what the signer signs, with either kind of key`() async throws {
        for key in [try forge.ed25519Key, try forge.p256Key] {
            let principal = Principal(
                userID: forge.user, sessionID: "s-2", roles: ["b", "a"], permissions: [])
            let token = try await AccessTokenSigner(key: key).sign(
                AccessTokenClaims(
                    principal: principal, issuer: "flotilla", audience: "flotilla-api",
                    issuedAt: TokenForge.now, lifetime: .seconds(600)))
            #expect(try await forge.verifier().verify(token) == principal)
        }
    }

    @Test(
        arguments: [
            ["alg": .string("none")], ["alg": .string("None")], ["alg": .string("HS256")],
            ["alg": .string("ES256")], ["alg": .string("RS256")], ["alg": .string("")],
            ["alg": .string("PS256")], ["alg": nil], ["alg": .integer(1)],
        ] as [[String: JSONValue?]])
    func `B47: refuses an algorithm that is not the key's`(
        header: [String: JSONValue?]
    ) async throws {
        #expect(try await isRefused(forge.token(header: header)))
    }

    @Test(
        arguments: [
            ["kid": nil], ["kid": .string("")], ["kid": .null],
            ["kid": .string("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")],
            ["kid": .string("../../etc/passwd")],
        ] as [[String: JSONValue?]])
    func `B48: refuses a key that it does not know`(header: [String: JSONValue?]) async throws {
        #expect(try await isRefused(forge.token(header: header)))
    }

    @Test(
        arguments: [
            ["crit": .array([])], ["crit": .array([.string("exp")])], ["crit": .string("exp")],
        ] as [[String: JSONValue?]])
    func `B48: refuses what a header calls critical`(header: [String: JSONValue?]) async throws {
        #expect(try await isRefused(forge.token(header: header)))
    }

    @Test(
        arguments: [
            ["typ": nil], ["typ": .null], ["typ": .string("")], ["typ": .string("JWT")],
            ["typ": .string("at+jwt;x")], ["typ": .string("refresh+jwt")],
            ["typ": .string("reset+jwt")], ["typ": .string("verify+jwt")],
            ["typ": .string("mfa+jwt")], ["typ": .string("id+jwt")],
        ] as [[String: JSONValue?]])
    func `B50: refuses a token of another type`(header: [String: JSONValue?]) async throws {
        #expect(try await isRefused(forge.token(header: header)))
    }

    @Test(arguments: ["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "sid"])
    func `B49: refuses a token that lacks a claim`(name: String) async throws {
        #expect(try await isRefused(forge.token(claims: [name: nil])))
        #expect(try await isRefused(forge.token(claims: [name: .null])))
    }

    @Test(
        arguments: [
            ["iss": .string("someone")], ["iss": .string("Flotilla")],
            ["aud": .string("other-api")], ["aud": .array([])],
            ["aud": .array([.string("other-api")])], ["aud": .string("")],
            ["sub": .string("7")], ["exp": .string("soon")], ["exp": .integer(0)],
            ["exp": .integer(-1)], ["roles": nil], ["roles": .string("admin")],
            ["permissions": nil],
        ] as [[String: JSONValue?]])
    func `B49: refuses claims that are not for us`(claims: [String: JSONValue?]) async throws {
        #expect(try await isRefused(forge.token(claims: claims)))
    }

    @Test(
        arguments: [
            ("exp", 1, true), ("exp", 0, true), ("exp", -29, true), ("exp", -30, false),
            ("exp", -3_600, false), ("nbf", 30, true), ("nbf", 31, false), ("iat", 30, true),
            ("iat", 31, false), ("nbf", -3_600, true),
        ] as [(String, Int64, Bool)])
    func `B49: allows clocks thirty seconds`(
        claim: String, seconds: Int64, isGood: Bool
    ) async throws {
        let token = try forge.token(claims: [claim: .integer(Self.now + seconds)])
        #expect(try await isRefused(token) == !isGood)
    }

    @Test func `B47: refuses HMAC under the public key's bytes`() async throws {
        let token = try forge.token(
            header: ["alg": .string("HS256")], signature: TokenForge.signatureByPublicBytes)
        #expect(try await isRefused(token))
    }

    @Test func `B47: refuses a token without a signature`() async throws {
        let token = try forge.token(header: ["alg": .string("none")]) { _, _ in Data() }
        #expect(token.hasSuffix("."))
        #expect(try await isRefused(token))
    }

    @Test func `B47: refuses one key's signature under the other's name`() async throws {
        let p256 = try forge.p256Key.publicKey.id
        let ed25519 = try forge.ed25519Key.publicKey.id
        for (alg, kid) in [("ES256", ed25519), ("EdDSA", p256), ("EdDSA", ed25519)] {
            let token = try forge.token(
                header: ["alg": .string(alg), "kid": .string(kid)],
                signature: TokenForge.signatureByP256)
            #expect(try await isRefused(token))
        }
        let token = try forge.token(
            header: ["alg": .string("ES256"), "kid": .string(p256)],
            signature: TokenForge.signatureByP256)
        #expect(try await !isRefused(token))
    }

    @Test func `refuses the signature of a stranger's key`() async throws {
        let stranger = Curve25519.Signing.PrivateKey()
        let token = try forge.token { _, data in try stranger.signature(for: data) }
        #expect(try await isRefused(token))
    }

    @Test func `refuses claims that were changed after signing`() async throws {
        let good = try forge.token().split(separator: ".")
        let other = try forge.token(claims: ["roles": .array([.string("admin")])])
            .split(separator: ".")
        #expect(try await isRefused("\(good[0]).\(other[1]).\(good[2])"))
    }

    @Test func `refuses every shape that is no token`() async throws {
        let good = try forge.token()
        let parts = good.split(separator: ".")
        let wrong = [
            "", ".", "..", "...", "x", "a.b.c", "\(parts[0]).\(parts[1])", "\(parts[0])..",
            String(good.dropLast()), String(good.dropLast(20)), String(good.dropFirst()),
            good + ".", good + "=", good + ".x", " " + good, good + "\n",
            "\(parts[0]).\(parts[1]).\(parts[2]).\(parts[2])",
        ]
        for token in wrong {
            #expect(
                try await isRefused(token), "\(token.suffix(8).debugDescription), \(token.count)")
        }
    }

    @Test(arguments: [(7_000, true), (9 * 1_024, false)])
    func `refuses one of nine kibibytes unread`(byteCount: Int, isGood: Bool) async throws {
        let base = try forge.token().utf8.count
        // Base64 makes four characters of three.
        let padding = String(repeating: "x", count: (byteCount - base) * 3 / 4)
        let token = try forge.token(claims: ["jti": .string(padding)])
        #expect(try await isRefused(token) == !isGood)
    }
}
