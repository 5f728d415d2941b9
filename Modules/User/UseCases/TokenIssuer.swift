import Crypto
import Events
import Foundation
import Web

/// Issues access tokens.
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
}

/// What only this system can compute: hashes and secrets under the key for accounts' secrets.
struct AccountSecrets: Sendable {
    private let keys: SealingKeys?

    init(_ keys: SealingKeys?) { self.keys = keys }

    /// A hash that tells equal texts from different ones without letting anybody try addresses
    /// against it.
    ///
    /// - Throws: `Problem` 503 in a process that was given no key.
    func keyedHash(of text: String, for purpose: StaticString) throws -> String {
        let secret = try require().derivedKey(for: "flotilla/user/\(purpose)")
        return HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: secret).hexEncoded
    }

    /// The refresh token that follows another: always the same one, and only this system knows it.
    ///
    /// - Throws: as ``keyedHash(of:for:)``.
    func successor(of token: RefreshToken) throws -> RefreshToken {
        let secret = try require().derivedKey(for: "flotilla/user/refresh-token")
        let code = HMAC<SHA256>.authenticationCode(for: Data(token.text.utf8), using: secret)
        return RefreshToken(Data(code).base64URLEncoded)
    }

    /// Encrypts an authenticator's secret for its user.
    ///
    /// - Throws: as ``keyedHash(of:for:)``; `CryptoKitError`.
    func seal(_ factor: TOTP, of user: UserID) throws -> String {
        try require().seal(factor.base32, for: Self.factorPurpose, of: user.description)
    }

    /// Decrypts an authenticator's secret.
    ///
    /// - Throws: as ``keyedHash(of:for:)``; `SealingKeysError` when the key it was encrypted with
    ///   is gone.
    func open(_ sealedFactor: String, of user: UserID) throws -> TOTP {
        let text = try require().open(sealedFactor, for: Self.factorPurpose, of: user.description)
        guard let factor = TOTP(base32: text) else { throw SealingKeysError.unreadable }
        return factor
    }

    /// Whether the first key sealed it.
    func isCurrent(_ sealedFactor: String) -> Bool {
        keys.map { $0.isCurrent(sealedFactor) } ?? true
    }

    private static let factorPurpose = "flotilla/user/totp"

    private func require() throws -> SealingKeys {
        guard let keys else {
            throw Problem.unavailable("this process has no encryption key", retryAfterSeconds: 60)
        }
        return keys
    }
}
