public import Crypto
import CryptoExtras
import Events
import Foundation
import JWTKit

/// A private key that signs access tokens: Ed25519, or ECDSA on P-256.
public struct SigningKey: Sendable {
    enum Material: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    let material: Material
    /// The public half, with the `kid` that tokens name.
    public let publicKey: VerificationKey

    /// Reads a PEM private key (PKCS #8, or SEC 1 for P-256).
    ///
    /// - Throws: ``SigningKeyError/unreadable`` when it is neither kind.
    public init(pem: String) throws(SigningKeyError) {
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) {
            self.init(.p256(key), publicKey: VerificationKey(.p256(key.publicKey)))
        } else if let key = try? Curve25519.Signing.PrivateKey(pemRepresentation: pem) {
            self.init(.ed25519(key), publicKey: VerificationKey(.ed25519(key.publicKey)))
        } else {
            throw .unreadable
        }
    }

    private init(_ material: Material, publicKey: VerificationKey) {
        self.material = material
        self.publicKey = publicKey
    }

    /// A fresh Ed25519 key as PEM text.
    public static func generatePEM() -> String { Curve25519.Signing.PrivateKey().pemRepresentation }

    /// A key for another purpose, made from this one (HKDF-SHA256), so that one secret is enough
    /// to run a module and neither key tells the other.
    ///
    /// - Parameter purpose: a name that no other purpose has.
    public func derivedKey(for purpose: String) -> SymmetricKey {
        let secret =
            switch material {
            case .ed25519(let key): key.rawRepresentation
            case .p256(let key): key.rawRepresentation
            }
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Data(purpose.utf8),
            outputByteCount: 32)
    }

    func addSigner(to keys: JWTKeyCollection) async throws {
        let kid = JWKIdentifier(string: publicKey.id)
        switch material {
        case .ed25519(let key): await keys.add(eddsa: EdDSA.PrivateKey(backing: key), kid: kid)
        case .p256(let key):
            await keys.add(ecdsa: try ES256PrivateKey(backing: key), kid: kid)
        }
    }
}

/// Why a signing key was refused.
public enum SigningKeyError: Error, Hashable {
    /// Not an Ed25519 or P-256 private key in PEM.
    case unreadable
}
