import Crypto
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
        guard let key else {
            throw Problem.unavailable("this process has no signing key", retryAfterSeconds: 60)
        }
        return try await AccessTokenSigner(key: key).sign(
            AccessTokenClaims(
                principal: principal, issuer: issuer, audience: audience, issuedAt: now,
                lifetime: lifetime))
    }

    /// A hash that only this system can compute: it tells equal texts from different ones without
    /// letting anybody try addresses against it.
    func keyedHash(of text: String) -> String {
        guard let key else { return "" }
        let secret = key.derivedKey(for: "flotilla/user/email-hash")
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: secret)
            .map { String(format: "%02x", $0) }.joined()
    }
}
