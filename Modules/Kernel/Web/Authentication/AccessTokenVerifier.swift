import Events
public import Foundation
import JWTKit

/// Checks bearer tokens: known key, pinned algorithm, type, issuer, audience and times.
public struct AccessTokenVerifier: Sendable {
    /// Longer tokens are refused before any work is done on them.
    private static let tokenByteCountMax = 8 * 1_024
    /// Clocks may differ by this much.
    private static let leewaySeconds: Int64 = 30

    private let issuer: String
    private let audience: String
    private let keys: Keys
    private let endedAccess: EndedAccess
    private let now: @Sendable () -> Date
    private let verified = VerifiedTokens()

    /// - Parameters:
    ///   - keys: the public keys that tokens may name by `kid`.
    ///   - endedAccess: whose tokens are no longer taken.
    ///   - now: the current time; tests set it.
    /// - Throws: `JWTError` when jwt-kit does not take a key.
    public init(
        keys: [VerificationKey], issuer: String, audience: String,
        endedAccess: EndedAccess = EndedAccess(), now: @escaping @Sendable () -> Date = { Date() }
    ) async throws {
        self.init(
            .known(try await KeyRing(keys)), issuer: issuer, audience: audience,
            endedAccess: endedAccess, now: now)
    }

    /// - Parameters:
    ///   - keys: the keys of the process that signs tokens.
    ///   - endedAccess: whose tokens are no longer taken.
    ///   - now: the current time; tests set it.
    public init(
        keys: RemoteKeys, issuer: String, audience: String,
        endedAccess: EndedAccess = EndedAccess(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.init(
            .remote(keys), issuer: issuer, audience: audience, endedAccess: endedAccess, now: now)
    }

    private init(
        _ keys: Keys, issuer: String, audience: String, endedAccess: EndedAccess,
        now: @escaping @Sendable () -> Date
    ) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.endedAccess = endedAccess
        self.now = now
    }

    /// The caller behind a token.
    ///
    /// - Throws: ``Problem`` 401, with the same words whatever is wrong; 503 as long as there are
    ///   no keys to check it with.
    public func verify(_ token: String) async throws -> Principal {
        guard let claims = try await claims(of: token), isCurrent(claims),
            claims.iss == issuer, claims.aud == audience, !endedAccess.includes(claims.principal)
        else { throw Problem.unauthorized("the access token is not valid") }
        return claims.principal
    }

    private func claims(of token: String) async throws -> AccessTokenClaims? {
        guard token.utf8.count <= Self.tokenByteCountMax else { return nil }
        let name = VerifiedTokens.name(of: token)
        if let known = verified.entry(for: name, at: now()),
            try await keys.entry(for: known.kid)?.collection === known.keys
        {
            return known.claims
        }
        guard token.utf8.allSatisfy(Self.isCompactText),
            let header = Header(token: token),
            header.typ?.lowercased() == accessTokenType, header.crit == nil,
            let kid = header.kid, let (key, collection) = try await keys.entry(for: kid),
            header.alg == key.algorithm,
            let claims = try? await collection.verify(token, as: SignedClaims.self).claims
        else { return nil }
        verified.remember(.init(claims: claims, kid: kid, keys: collection), for: name, at: now())
        return claims
    }

    private enum Keys: Sendable {
        case known(KeyRing)
        case remote(RemoteKeys)

        func entry(for kid: String) async throws -> KeyRing.Entry? {
            switch self {
            case .known(let ring): ring[kid]
            case .remote(let keys): try await keys.entry(for: kid)
            }
        }
    }

    /// RFC 7515, section 7.1: base64url without padding, and dots; jwt-kit takes more.
    private static func isCompactText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    private func isCurrent(_ claims: AccessTokenClaims) -> Bool {
        let now = Int64(now().timeIntervalSince1970)
        return claims.exp > now - Self.leewaySeconds && claims.nbf <= now + Self.leewaySeconds
            && claims.iat <= now + Self.leewaySeconds
    }

    /// The protected header, read before any key is chosen.
    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let crit: [String]?

        init?(token: String) {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let data = Data(base64URLEncoded: String(parts[0])),
                let header = try? JSONDecoder().decode(Header.self, from: data)
            else { return nil }
            self = header
        }
    }
}
