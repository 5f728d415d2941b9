public import Crypto
import Events
import Foundation

/// Keys that seal short texts with AES-256-GCM: what passes through logs and topics, or lies in
/// tables, and is meant for one reader.
///
/// Each key is 32 random bytes as base64. The first seals; all open, so that keys can be changed
/// without a moment at which something can't be read.
public struct SealingKeys: Sendable {
    private let keys: [SymmetricKey]

    /// Keys that only this purpose has, made from those that sign access tokens: for a system that
    /// is given one secret and no more.
    ///
    /// - Parameters:
    ///   - text: keys that come before those; `nil` for none.
    ///   - signingKeys: the present one first, then those before it.
    ///   - purpose: a name that no other purpose has.
    /// - Throws: as `init(_:)`; ``SealingKeysError/notAKey`` when there is none at all.
    public init(
        _ text: String?, thenFrom signingKeys: [SigningKey], for purpose: String
    ) throws(SealingKeysError) {
        let given = try text.map { text throws(SealingKeysError) in try SealingKeys(text).keys }
        keys = (given ?? []) + signingKeys.map { $0.derivedKey(for: purpose) }
        guard !keys.isEmpty else { throw .notAKey }
    }

    /// - Parameter text: keys as base64, separated by commas or white space.
    /// - Throws: ``SealingKeysError``.
    public init(_ text: String) throws(SealingKeysError) {
        let parts = text.split { $0 == "," || $0.isWhitespace }
        guard !parts.isEmpty else { throw .notAKey }
        var keys: [SymmetricKey] = []
        for part in parts {
            guard let data = Data(base64Encoded: String(part)), data.count == 32 else {
                throw .notAKey
            }
            guard Set(data).count > 4 else { throw .weak }
            keys.append(SymmetricKey(data: data))
        }
        self.keys = keys
    }

    /// A fresh key as text.
    public static func generate() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
    }

    /// Encrypts a text.
    ///
    /// - Parameters:
    ///   - purpose: a name that no other purpose has; each has a key of its own (HKDF-SHA256).
    ///   - subject: what it belongs to; opened under another, it does not open.
    /// - Throws: `CryptoKitError`.
    public func seal(_ text: String, for purpose: String, of subject: String) throws -> String {
        let key = keys[0]
        let box = try AES.GCM.seal(
            Data(text.utf8), using: Self.derive(purpose, from: key),
            authenticating: Data(subject.utf8))
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return "v1.\(Self.name(of: key)).\(combined.base64URLEncoded)"
    }

    /// Decrypts what `seal(_:for:of:)` made for the same purpose and subject.
    ///
    /// - Throws: ``SealingKeysError/unreadable``.
    public func open(
        _ sealed: String, for purpose: String, of subject: String
    ) throws(SealingKeysError) -> String {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "v1",
            let key = keys.first(where: { Self.name(of: $0) == parts[1] }),
            let combined = Data(base64URLEncoded: String(parts[2])),
            let box = try? AES.GCM.SealedBox(combined: combined),
            let data = try? AES.GCM.open(
                box, using: Self.derive(purpose, from: key),
                authenticating: Data(subject.utf8)),
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable }
        return text
    }

    /// Whether the first key sealed it.
    public func isCurrent(_ sealed: String) -> Bool {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[1] == Self.name(of: keys[0])
    }

    /// A key for another purpose, made from the first one.
    public func derivedKey(for purpose: String) -> SymmetricKey {
        Self.derive(purpose, from: keys[0])
    }

    private static func derive(_ purpose: String, from key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Data(purpose.utf8), outputByteCount: 32)
    }

    /// Tells keys apart and tells nothing about them.
    private static func name(of key: SymmetricKey) -> String {
        derive("flotilla/key-name", from: key).withUnsafeBytes { Data($0.prefix(4)) }.hexEncoded
    }
}

/// What is wrong with sealing keys, or with what they are to open.
public enum SealingKeysError: Error, Hashable {
    /// Not 32 bytes in base64.
    case notAKey
    /// 32 bytes that nobody drew at random.
    case weak
    /// Sealed with another key, for another purpose or subject, or changed since.
    case unreadable
}
