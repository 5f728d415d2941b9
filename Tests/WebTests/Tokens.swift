import Crypto
import CryptoExtras
import Events
import FlotillaTesting
import Foundation
import Web

/// Makes tokens by hand, right and wrong, from the private keys of a test.
struct TokenForge: Sendable {
    static let now = Date(timeIntervalSince1970: 1_767_268_800)

    let ed25519 = Curve25519.Signing.PrivateKey()
    let p256 = P256.Signing.PrivateKey()
    let user = UserID()

    var ed25519Key: SigningKey { get throws { try SigningKey(pem: ed25519.pemRepresentation) } }
    var p256Key: SigningKey { get throws { try SigningKey(pem: p256.pemRepresentation) } }

    func verifier(
        endedAccess: EndedAccess = EndedAccess(),
        now: @escaping @Sendable () -> Date = { Self.now }
    ) async throws -> AccessTokenVerifier {
        try await AccessTokenVerifier(
            keys: [ed25519Key.publicKey, p256Key.publicKey], issuer: "flotilla",
            audience: "flotilla-api", endedAccess: endedAccess, now: now)
    }

    /// The header of a good token.
    func header() throws -> [String: JSONValue] {
        [
            "alg": .string("EdDSA"), "typ": .string("at+jwt"),
            "kid": .string(try ed25519Key.publicKey.id),
        ]
    }

    /// The claims of a good token.
    func claims() -> [String: JSONValue] {
        let now = Int64(Self.now.timeIntervalSince1970)
        return [
            "iss": .string("flotilla"), "aud": .string("flotilla-api"),
            "sub": .string(user.description), "sid": .string("s-1"), "jti": .string("t-1"),
            "iat": .integer(now), "nbf": .integer(now), "exp": .integer(now + 600),
            "roles": .array([.string("clerk")]), "permissions": .array([.string("desk:sit")]),
        ]
    }

    /// A token whose header and claims differ from a good one's; `nil` takes a member away.
    func token(
        header changedHeader: [String: JSONValue?] = [:],
        claims changedClaims: [String: JSONValue?] = [:],
        signature: (Self, Data) throws -> Data = Self.signatureByEd25519
    ) throws -> String {
        let header = try header().merging(changes: changedHeader)
        let claims = claims().merging(changes: changedClaims)
        let parts = [header, claims].map { part in
            ((try? JSONEncoder().encode(part)) ?? Data()).base64URLEncoded
        }
        let signed = parts.joined(separator: ".")
        return "\(signed).\(try signature(self, Data(signed.utf8)).base64URLEncoded)"
    }

    /// A good token of somebody.
    func token(of caller: TestCaller) throws -> String {
        try token(claims: [
            "sub": .string(caller.userID.description),
            "roles": .array(caller.roles.map { .string($0) }),
            "permissions": .array(caller.permissions.map { .string($0) }),
        ])
    }

    static func signatureByEd25519(_ forge: Self, _ data: Data) throws -> Data {
        try forge.ed25519.signature(for: data)
    }

    static func signatureByP256(_ forge: Self, _ data: Data) throws -> Data {
        try forge.p256.signature(for: data).rawRepresentation
    }

    /// The public key taken for a shared secret.
    static func signatureByPublicBytes(_ forge: Self, _ data: Data) -> Data {
        let secret = SymmetricKey(data: forge.ed25519.publicKey.rawRepresentation)
        return Data(HMAC<SHA256>.authenticationCode(for: data, using: secret))
    }
}

extension [String: JSONValue] {
    fileprivate func merging(changes: [String: JSONValue?]) -> Self {
        var merged = self
        for (name, value) in changes { merged[name] = value }
        return merged
    }
}
