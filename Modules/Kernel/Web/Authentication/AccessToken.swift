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
    /// `user` or `service`; a claim of our own.
    public let kind: Principal.Kind?
    /// When the user last proved who they are (OpenID Connect Core, section 2): Unix seconds.
    public let authTime: Int64?
    /// The authenticator assurance level, 1 or 2; a claim of our own.
    public let aal: Principal.Assurance?

    /// Puts the claims together; times are cut to whole seconds.
    public init(
        principal: Principal, issuer: String, audience: String, issuedAt: Date,
        lifetime: Duration
    ) {
        iss = issuer
        aud = audience
        sub = principal.userID
        sid = principal.sessionID
        jti = UUID.v7(now: issuedAt).lowercasedText
        iat = Int64(issuedAt.timeIntervalSince1970)
        nbf = iat
        exp = iat + lifetime.components.seconds
        roles = principal.roles.sorted()
        permissions = principal.permissions.sorted()
        kind = principal.kind
        authTime = principal.authenticatedAt.map { Int64($0.timeIntervalSince1970) }
        aal = principal.assurance
    }

    var principal: Principal {
        Principal(
            userID: sub, sessionID: sid, roles: Set(roles), permissions: Set(permissions),
            kind: kind ?? .user,
            authenticatedAt: authTime.map { Date(timeIntervalSince1970: Double($0)) },
            assurance: aal ?? .oneFactor)
    }

    private enum CodingKeys: String, CodingKey {
        case iss, aud, sub, sid, jti, iat, nbf, exp, roles, permissions, kind
        case authTime = "auth_time"
        case aal
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
