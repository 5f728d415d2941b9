import Crypto
import Foundation
import Testing
import Web

@Suite struct `Sealing a text` {
    private let keys: SealingKeys

    init() throws { keys = try SealingKeys(SealingKeys.generate()) }

    @Test func `opens for the same purpose and subject, and differs each time`() throws {
        let sealed = try keys.seal("a token", for: "mail", of: "ada")
        #expect(try keys.open(sealed, for: "mail", of: "ada") == "a token")
        #expect(try keys.seal("a token", for: "mail", of: "ada") != sealed)
        #expect(!sealed.contains("token"))
    }

    @Test func `opens for no other purpose, no other subject and no other key`() throws {
        let sealed = try keys.seal("a token", for: "mail", of: "ada")
        let others = try SealingKeys(SealingKeys.generate())
        #expect(throws: SealingKeysError.unreadable) {
            try keys.open(sealed, for: "factor", of: "ada")
        }
        #expect(throws: SealingKeysError.unreadable) {
            try keys.open(sealed, for: "mail", of: "eve")
        }
        #expect(throws: SealingKeysError.unreadable) {
            try others.open(sealed, for: "mail", of: "ada")
        }
    }

    @Test func `opens nothing that was changed`() throws {
        let sealed = try keys.seal("a token", for: "mail", of: "ada")
        let parts = sealed.split(separator: ".").map(String.init)
        let bytes = try #require(Data(base64Encoded: padded(parts[2])))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let text = "v1.\(parts[1]).\(urlSafe(changed.base64EncodedString()))"
            #expect(throws: SealingKeysError.unreadable) {
                try keys.open(text, for: "mail", of: "ada")
            }
        }
        for text in ["", "v1", "v1..", "v2.\(parts[1]).\(parts[2])", sealed + ".x"] {
            #expect(throws: SealingKeysError.unreadable) {
                try keys.open(text, for: "mail", of: "ada")
            }
        }
    }

    @Test func `the first key seals, and those after it open still`() throws {
        let (old, new) = (SealingKeys.generate(), SealingKeys.generate())
        let sealed = try SealingKeys(old).seal("a token", for: "mail", of: "ada")
        let both = try SealingKeys("\(new), \(old)")
        #expect(try both.open(sealed, for: "mail", of: "ada") == "a token")
        #expect(!both.isCurrent(sealed))
        let resealed = try both.seal("a token", for: "mail", of: "ada")
        #expect(both.isCurrent(resealed))
        #expect(try SealingKeys(new).open(resealed, for: "mail", of: "ada") == "a token")
    }

    @Test func `what is made from a signing key opens while that key is kept`() throws {
        let (old, new) = try (
            SigningKey(pem: SigningKey.generatePEM()), SigningKey(pem: SigningKey.generatePEM())
        )
        let before = try SealingKeys(nil, thenFrom: [old], for: "secrets")
        let sealed = try before.seal("a secret", for: "factor", of: "ada")
        let after = try SealingKeys(nil, thenFrom: [new, old], for: "secrets")
        #expect(try after.open(sealed, for: "factor", of: "ada") == "a secret")
        let given = try SealingKeys(SealingKeys.generate(), thenFrom: [new, old], for: "secrets")
        #expect(try given.open(sealed, for: "factor", of: "ada") == "a secret")
        let gone = try SealingKeys(nil, thenFrom: [new], for: "secrets")
        #expect(throws: SealingKeysError.unreadable) {
            try gone.open(sealed, for: "factor", of: "ada")
        }
    }

    @Test(arguments: ["", "secret", "c2VjcmV0", Data(count: 31).base64EncodedString()])
    func `refuses what is no key`(text: String) {
        #expect(throws: SealingKeysError.notAKey) { try SealingKeys(text) }
    }

    @Test(arguments: [UInt8(0), 0x41])
    func `B56: refuses a key that nobody drew`(byte: UInt8) {
        let text = Data(repeating: byte, count: 32).base64EncodedString()
        #expect(throws: SealingKeysError.weak) { try SealingKeys(text) }
    }

    private func padded(_ text: String) -> String {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        return plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)
    }

    private func urlSafe(_ text: String) -> String {
        text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
