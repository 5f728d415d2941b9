import Crypto
import CryptoExtras
import Events
import Foundation
import JWTKit

/// A public key that verifies access tokens.
public struct VerificationKey: Sendable {
    enum Material: Sendable {
        case ed25519(Curve25519.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    let material: Material
    /// `kid`: of our own keys the RFC 7638 thumbprint, so that it names this key and no other.
    public let id: String

    init(_ material: Material) {
        self.material = material
        id = Self.thumbprint(of: material)
    }

    /// Reads a PEM key: a public one, or the public half of a private one.
    ///
    /// - Throws: ``SigningKeyError/unreadable`` when it is neither Ed25519 nor P-256.
    public init(pem: String) throws(SigningKeyError) {
        if let key = try? P256.Signing.PublicKey(pemRepresentation: pem) {
            self.init(.p256(key))
        } else if let key = try? Curve25519.Signing.PublicKey(pemRepresentation: pem) {
            self.init(.ed25519(key))
        } else {
            self = try SigningKey(pem: pem).publicKey
        }
    }

    /// A key as another process publishes it; `nil` when it is not one that access tokens may be
    /// signed with, as RSA keys and keys for encryption are not.
    init?(_ published: PublishedKey) {
        guard let x = published.x.flatMap({ Data(base64URLEncoded: $0) }), x.count == 32,
            published.use ?? "sig" == "sig"
        else { return nil }
        switch (published.kty, published.crv) {
        case ("OKP", "Ed25519"):
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else {
                return nil
            }
            material = .ed25519(key)
        case ("EC", "P-256"):
            guard let y = published.y.flatMap({ Data(base64URLEncoded: $0) }), y.count == 32,
                let key = try? P256.Signing.PublicKey(rawRepresentation: x + y)
            else { return nil }
            material = .p256(key)
        default: return nil
        }
        id = published.kid ?? Self.thumbprint(of: material)
        guard published.alg ?? algorithm == algorithm else { return nil }
    }

    private static func thumbprint(of material: Material) -> String {
        Data(SHA256.hash(data: Data(canonical(material).utf8))).base64URLEncoded
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

/// A key of a published set before anything is known about it; there may be any kind.
struct PublishedKey: Decodable {
    let kty: String?
    let crv: String?
    let x: String?
    let y: String?
    let kid: String?
    let alg: String?
    let use: String?
}
