import Platform
import ServiceLifecycle
import Settings
import Web

/// What a process checks access tokens with.
enum TokenKeys: Sendable {
    /// The key that signs them, or a copy of it, and others that may have signed them.
    case own(SigningKey, others: [VerificationKey])
    /// The public keys of the process that runs User.
    case remote(RemoteKeys)

    var signingKey: SigningKey? {
        switch self {
        case .own(let key, _): key
        case .remote: nil
        }
    }

    /// Further keys that tokens may be signed with.
    var otherKeys: [VerificationKey] {
        switch self {
        case .own(_, let others): others
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
                keys: [key.publicKey] + others, issuer: issuer, audience: audience,
                endedAccess: endedAccess)
        case .remote(let keys):
            AccessTokenVerifier(
                keys: keys, issuer: issuer, audience: audience, endedAccess: endedAccess)
        }
    }
}
