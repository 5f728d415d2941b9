import Crypto
import CryptoExtras
import Events
import Foundation
import Testing

@testable import Web

@Suite struct `Reading a signing key` {
    /// SEC 1, as `openssl ecparam -name prime256v1 -genkey -noout` writes it; made for this test.
    private static let sec1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIEtfKAUdPJ+hfOKr0V/+EXJnBaE/wM6NCYv9jGYutYG3oAoGCCqGSM49
        AwEHoUQDQgAEWwduLMG5aJ0fYua0JZS2+zunIjOJwS6SGzj9C/awUAEAuhkvUOS8
        ZaHiJq+6dO9GR4guXcyZbFxswYHEzOPNig==
        -----END EC PRIVATE KEY-----
        """

    @Test func `takes Ed25519, and P-256 in either form`() throws {
        let ed25519 = Curve25519.Signing.PrivateKey()
        let p256 = P256.Signing.PrivateKey()
        #expect(try SigningKey(pem: ed25519.pemRepresentation).publicKey.jwk.alg == "EdDSA")
        #expect(try SigningKey(pem: p256.pemRepresentation).publicKey.jwk.alg == "ES256")
        #expect(try SigningKey(pem: Self.sec1).publicKey.jwk.crv == "P-256")
        #expect(try SigningKey(pem: SigningKey.generatePEM()).publicKey.jwk.crv == "Ed25519")
    }

    @Test(arguments: [
        "", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        P384.Signing.PrivateKey().pemRepresentation,
        P256.Signing.PrivateKey().publicKey.pemRepresentation,
        String(P256.Signing.PrivateKey().pemRepresentation.dropLast(40)),
    ])
    func `B56: refuses everything else`(pem: String) {
        #expect(throws: SigningKeyError.unreadable) { try SigningKey(pem: pem) }
    }

    @Test func `derives a key for each purpose, the same each time`() throws {
        let key = try SigningKey(pem: Self.sec1)
        let other = try SigningKey(pem: SigningKey.generatePEM())
        #expect(key.derivedKey(for: "a") == key.derivedKey(for: "a"))
        #expect(key.derivedKey(for: "a") != key.derivedKey(for: "b"))
        #expect(key.derivedKey(for: "a") != other.derivedKey(for: "a"))
        #expect(key.derivedKey(for: "a").bitCount == 256)
    }
}

@Suite struct `Publishing a key` {
    /// RFC 8037, appendix A.1 to A.3.
    @Test func `names an Ed25519 key by its thumbprint`() throws {
        let secret = try #require(
            Data(base64URLEncoded: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: secret)
        let jwk = try SigningKey(pem: key.pemRepresentation).publicKey.jwk
        #expect(
            jwk
                == JSONWebKey(
                    kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    y: nil, kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", alg: "EdDSA"))
        #expect(jwk.use == "sig")
    }

    /// RFC 9449, sections 4.2 and 6.1.
    @Test func `names a P-256 key by its thumbprint`() throws {
        let x = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"
        let y = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
        let point = try #require(Data(base64URLEncoded: x)) + #require(Data(base64URLEncoded: y))
        let key = VerificationKey(.p256(try .init(rawRepresentation: point)))
        #expect(
            key.jwk
                == JSONWebKey(
                    kty: "EC", crv: "P-256", x: x, y: y,
                    kid: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", alg: "ES256"))
    }

    @Test func `B52: says nothing of the private half`() throws {
        for pem in [SigningKey.generatePEM(), P256.Signing.PrivateKey().pemRepresentation] {
            let data = try JSONEncoder().encode(SigningKey(pem: pem).publicKey.jwk)
            let members = try JSONDecoder().decode([String: String].self, from: data)
            #expect(members["d"] == nil)
            #expect(Set(members.keys).isSubset(of: ["kty", "crv", "x", "y", "kid", "alg", "use"]))
        }
    }
}
