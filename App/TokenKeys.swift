import Platform
import ServiceLifecycle
import Settings
import Web

/// What a process checks access tokens with.
enum TokenKeys: Sendable {
    /// The key that signs them, or a copy of it, and others that may have signed them.
    case own(SigningKey, others: [OtherKey])
    /// The public keys of the process that runs User.
    case remote(RemoteKeys)

    var signingKey: SigningKey? {
        switch self {
        case .own(let key, _): key
        case .remote: nil
        }
    }

    /// The key that signs, and the private ones among the others: what is derived from a signing
    /// key outlives it for as long as it is kept there.
    var signingKeys: [SigningKey] {
        switch self {
        case .own(let key, let others): [key] + others.compactMap(\.privateKey)
        case .remote: []
        }
    }

    /// Further keys that tokens may be signed with.
    var otherKeys: [VerificationKey] {
        switch self {
        case .own(_, let others): others.map(\.publicKey)
        case .remote: []
        }
    }

    /// What runs to keep them fresh.
    var services: [any Service] {
        switch self {
        case .own: []
        case .remote(let keys): [keys]
        }
    }

    /// What must be reached for them.
    var checks: [Check] {
        switch self {
        case .own: []
        case .remote(let keys): [Check("auth.jwksUrl") { try await keys.check() }]
        }
    }

    func verifier(
        _ settings: Settings, endedAccess: EndedAccess
    ) async throws -> AccessTokenVerifier {
        let (issuer, audience) = (settings[AuthSettings.issuer], settings[AuthSettings.audience])
        return switch self {
        case .own(let key, let others):
            try await AccessTokenVerifier(
                keys: [key.publicKey] + others.map(\.publicKey), issuer: issuer, audience: audience,
                endedAccess: endedAccess)
        case .remote(let keys):
            AccessTokenVerifier(
                keys: keys, issuer: issuer, audience: audience, endedAccess: endedAccess)
        }
    }
}

/// A key that tokens may be signed with besides the present one.
struct OtherKey: Sendable {
    let publicKey: VerificationKey
    /// `nil` when only the public half was given.
    let privateKey: SigningKey?

    /// - Throws: `SigningKeyError` when it is neither half of an Ed25519 or P-256 key.
    init(pem: String) throws(SigningKeyError) {
        privateKey = try? SigningKey(pem: pem)
        publicKey = try VerificationKey(pem: pem)
    }
}
