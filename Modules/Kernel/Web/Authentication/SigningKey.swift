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

/// A public key that verifies access tokens.
public struct VerificationKey: Sendable {
    enum Material: Sendable {
        case ed25519(Curve25519.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    let material: Material
    /// `kid`: the key's RFC 7638 thumbprint, so that it names this key and no other.
    public let id: String

    init(_ material: Material) {
        self.material = material
        id = Data(SHA256.hash(data: Data(Self.canonical(material).utf8))).base64URLEncoded
    }

    /// The one `alg` that tokens of this key may name.
    var algorithm: String {
        switch material {
        case .ed25519: "EdDSA"
        case .p256: "ES256"
        }
    }

    /// The key as RFC 7517 publishes it.
    public var jwk: JSONWebKey {
        switch material {
        case .ed25519(let key):
            JSONWebKey(
                kty: "OKP", crv: "Ed25519", x: key.rawRepresentation.base64URLEncoded, y: nil,
                kid: id, alg: algorithm)
        case .p256(let key):
            JSONWebKey(
                kty: "EC", crv: "P-256",
                x: key.rawRepresentation.prefix(32).base64URLEncoded,
                y: key.rawRepresentation.suffix(32).base64URLEncoded, kid: id, alg: algorithm)
        }
    }

    func addVerifier(to keys: JWTKeyCollection) async throws {
        let kid = JWKIdentifier(string: id)
        switch material {
        case .ed25519(let key): await keys.add(eddsa: EdDSA.PublicKey(backing: key), kid: kid)
        case .p256(let key):
            await keys.add(ecdsa: try ES256PublicKey(backing: key), kid: kid)
        }
    }

    /// RFC 7638, section 3: the required members in alphabetical order, without white space.
    private static func canonical(_ material: Material) -> String {
        switch material {
        case .ed25519(let key):
            let x = key.rawRepresentation.base64URLEncoded
            return #"{"crv":"Ed25519","kty":"OKP","x":"\#(x)"}"#
        case .p256(let key):
            let x = key.rawRepresentation.prefix(32).base64URLEncoded
            let y = key.rawRepresentation.suffix(32).base64URLEncoded
            return #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        }
    }
}

/// A public key as JSON, RFC 7517 and RFC 8037.
public struct JSONWebKey: Codable, Sendable, Hashable {
    /// Key type: `OKP` (RFC 8037) or `EC` (RFC 7518, section 6.2).
    public let kty: String
    /// The curve: `Ed25519` or `P-256`.
    public let crv: String
    /// The Ed25519 key, or the point's x coordinate: 32 bytes in base64url.
    public let x: String
    /// The point's y coordinate, likewise; `nil` for Ed25519, which has none.
    public let y: String?
    /// The key's RFC 7638 thumbprint.
    public let kid: String
    /// `EdDSA` or `ES256`, the only algorithm that the key is for.
    public let alg: String
    /// RFC 7517, section 4.2: for signatures.
    public var use = "sig"
}
