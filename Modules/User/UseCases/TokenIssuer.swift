import Crypto
import Events
import Foundation
import Web

/// Issues access tokens, and keeps the keys that are derived from the signing key.
struct TokenIssuer: Sendable {
    let key: SigningKey?
    let issuer: String
    let audience: String

    /// An access token.
    ///
    /// - Throws: `Problem` 503 in a process that was given no signing key.
    func sign(_ principal: Principal, at now: Date, lifetime: Duration) async throws -> String {
        try await AccessTokenSigner(key: try requireKey()).sign(
            AccessTokenClaims(
                principal: principal, issuer: issuer, audience: audience, issuedAt: now,
                lifetime: lifetime))
    }

    /// A hash that only this system can compute: it tells equal texts from different ones without
    /// letting anybody try addresses against it.
    ///
    /// - Throws: as `sign(_:at:lifetime:)`.
    func keyedHash(of text: String) throws -> String {
        let secret = try requireKey().derivedKey(for: "flotilla/user/email-hash")
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: secret).hexEncoded
    }

    /// The refresh token that follows another: always the same one, and only this system knows it.
    ///
    /// - Throws: as `sign(_:at:lifetime:)`.
    func successor(of token: RefreshToken) throws -> RefreshToken {
        let secret = try requireKey().derivedKey(for: "flotilla/user/refresh-token")
        let code = HMAC<SHA256>.authenticationCode(for: Data(token.text.utf8), using: secret)
        return RefreshToken(Data(code).base64URLEncoded)
    }

    private func requireKey() throws -> SigningKey {
        guard let key else {
            throw Problem.unavailable("this process has no signing key", retryAfterSeconds: 60)
        }
        return key
    }
}
