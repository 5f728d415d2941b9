public import Events
public import Foundation
import JWTKit

/// What an access token says, in the claims of RFC 9068.
public struct AccessTokenClaims: Sendable, Hashable, Codable {
    /// Issuer.
    public let iss: String
    /// Audience.
    public let aud: String
    /// The user.
    public let sub: UserID
    /// The session.
    public let sid: String
    /// The token's own id.
    public let jti: String
    /// Issued, valid from, and valid until: Unix seconds.
    public let iat: Int64
    /// Not before: the same second as `iat`.
    public let nbf: Int64
    /// Expiry: `iat` and the lifetime.
    public let exp: Int64
    /// Names of the user's roles (RFC 9068, section 2.2.3.1), sorted.
    public let roles: [String]
    /// What the roles permit, sorted; a claim of our own.
    public let permissions: [String]

    /// Puts the claims together; times are cut to whole seconds.
    public init(
        principal: Principal, issuer: String, audience: String, issuedAt: Date,
        lifetime: Duration
    ) {
        iss = issuer
        aud = audience
        sub = principal.userID
        sid = principal.sessionID
        jti = UUID.v7(now: issuedAt).uuidString.lowercased()
        iat = Int64(issuedAt.timeIntervalSince1970)
        nbf = iat
        exp = iat + lifetime.components.seconds
        roles = principal.roles.sorted()
        permissions = principal.permissions.sorted()
    }

    var principal: Principal {
        Principal(
            userID: sub, sessionID: sid, roles: Set(roles), permissions: Set(permissions))
    }
}

/// The claims as jwt-kit carries them, so that its types stay out of the kernel's face.
struct SignedClaims: JWTPayload {
    let claims: AccessTokenClaims

    init(_ claims: AccessTokenClaims) { self.claims = claims }

    init(from decoder: any Decoder) throws { claims = try AccessTokenClaims(from: decoder) }

    func encode(to encoder: any Encoder) throws { try claims.encode(to: encoder) }

    /// Signature only; ``AccessTokenVerifier`` checks the claims against its own clock and names.
    func verify(using key: some JWTAlgorithm) {}
}

/// The `typ` of access tokens (RFC 9068, section 2.1): no other token passes for one.
let accessTokenType = "at+jwt"

/// Signs access tokens with one key.
public struct AccessTokenSigner: Sendable {
    private let key: SigningKey

    /// Takes the key.
    public init(key: SigningKey) { self.key = key }

    /// The token in its compact form.
    ///
    /// - Throws: `JWTError` when signing fails.
    public func sign(_ claims: AccessTokenClaims) async throws -> String {
        let keys = JWTKeyCollection()
        try await key.addSigner(to: keys)
        return try await keys.sign(
            SignedClaims(claims), kid: JWKIdentifier(string: key.publicKey.id),
            header: ["typ": .string(accessTokenType)])
    }
}
