import Crypto
import Events
import Foundation
import UserContract

/// What a service proves with who it is: `flk_<id>_<secret><checksum>`.
///
/// The prefix lets scanners of repositories find a key that leaked, the checksum tells a typing
/// error from a wrong key without asking the database, and the id finds the row, so that a fast
/// hash of the secret is enough: nobody guesses 256 bits.
struct APIKeySecret: Sendable {
    private static let prefix = "flk"
    private static let checksumLength = 6

    let id: APIKeyID
    /// 256 random bits.
    private let secret: String

    /// A new secret for a key.
    init(for id: APIKeyID) {
        self.id = id
        secret = SymmetricKey(size: .bits256).withUnsafeBytes { Base32.encode(Data($0)) }
    }

    /// Reads a key as it was given out; `nil` when it can be none.
    init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, parts.count == 3, parts[0] == Self.prefix,
            parts[1].utf8.count == 32, let id = APIKeyID(Self.hyphenated(parts[1])),
            parts[2].count > Self.checksumLength
        else { return nil }
        self.id = id
        secret = String(parts[2].dropLast(Self.checksumLength))
        guard self.text == text else { return nil }
    }

    /// The whole key, as its service keeps it.
    var text: String { body + checksum }

    /// What is stored of it.
    var hash: String { SHA256.hash(data: Data(secret.utf8)).hexEncoded }

    /// Whether this is what is stored, in constant time.
    func fits(_ hash: String) -> Bool {
        SHA256.hash(data: Data(self.hash.utf8)) == SHA256.hash(data: Data(hash.utf8))
    }

    private var body: String {
        "\(Self.prefix)_\(id.description.replacing("-", with: ""))_\(secret)"
    }

    private var checksum: String {
        String(SHA256.hash(data: Data(body.utf8)).hexEncoded.prefix(Self.checksumLength))
    }

    private static func hyphenated(_ digits: Substring) -> String {
        let text = String(digits)
        var parts: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}

/// A service's key, as administrators see it.
struct APIKey: Sendable, Hashable {
    let id: APIKeyID
    let name: String
    let permissions: Set<String>
    let createdBy: String
    let createdAt: Date
    let expiresAt: Date?
    let usedAt: Date?
    let revokedAt: Date?
}
