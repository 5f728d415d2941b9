import Events
import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Ending access` {
    private let forge = TokenForge()

    /// Whoever has a P-256 signature `(r, s)` can make another, `(r, n - s)`, for the same bytes.
    @Test func `B55: ends a session, not the bytes of a token`() async throws {
        let token = try forge.token(
            header: [
                "alg": .string("ES256"), "kid": .string(try forge.p256Key.publicKey.id),
            ], signature: TokenForge.signatureByP256)
        let parts = token.split(separator: ".").map(String.init)
        let signature = try #require(Data(base64URLEncoded: parts[2]))
        let other = signature.prefix(32) + Self.orderOfP256(minus: Array(signature.suffix(32)))
        let twin = "\(parts[0]).\(parts[1]).\(Data(other).base64URLEncoded)"
        #expect(twin != token)

        let ended = EndedAccess()
        let verifier = try await forge.verifier(endedAccess: ended)
        for text in [token, twin] {
            #expect(try await verifier.verify(text).sessionID == "s-1")
        }
        ended.end(.session("s-1"), at: TokenForge.now)
        for text in [token, twin] {
            let problem = await #expect(throws: Problem.self) { try await verifier.verify(text) }
            #expect(problem?.status == .unauthorized)
        }
    }

    @Test func `B54: has nothing of a person in a token but their id`() throws {
        let claims = AccessTokenClaims(
            principal: Principal(
                userID: forge.user, sessionID: "s-1", roles: ["clerk"], permissions: ["desk:sit"],
                authenticatedAt: TokenForge.now),
            issuer: "flotilla", audience: "flotilla-api", issuedAt: TokenForge.now,
            lifetime: .seconds(600))
        let json = try JSONValue(parsing: JSONEncoder().encode(claims))
        guard case .object(let members) = json else {
            Issue.record("no object")
            return
        }
        #expect(
            Set(members.keys).isSubset(of: [
                "iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "roles", "permissions",
                "kind", "auth_time", "aal",
            ]))
    }

    @Test(arguments: ["jku", "x5u", "jwk", "x5c"])
    func `B48: takes no key that a token brings along`(member: String) async throws {
        let stranger = TokenForge()
        let jwk = try stranger.ed25519Key.publicKey.jwk
        let brought: JSONValue =
            switch member {
            case "jwk": try JSONValue(parsing: JSONEncoder().encode(jwk))
            case "x5c": .array([.string(jwk.x)])
            default: .string("https://evil.example/keys")
            }
        for kid in [jwk.kid, try forge.ed25519Key.publicKey.id] {
            let token = try stranger.token(header: ["kid": .string(kid), member: brought])
            let problem = await #expect(throws: Problem.self) {
                try await forge.verifier().verify(token)
            }
            #expect(problem?.status == .unauthorized)
        }
    }

    /// The order n of the curve (SP 800-186, section 3.2.1.3) less a number, 32 bytes each.
    private static func orderOfP256(minus number: [UInt8]) -> [UInt8] {
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2,
            0xFC, 0x63, 0x25, 0x51,
        ]
        var difference = order
        var borrow = 0
        for index in order.indices.reversed() {
            let digit = Int(order[index]) - Int(number[index]) - borrow
            borrow = digit < 0 ? 1 : 0
            difference[index] = UInt8(digit + borrow * 256)
        }
        return difference
    }
}
