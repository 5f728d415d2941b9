import Crypto
import Events
import Foundation

/// Opens an account once when the authenticator is lost: 125 random bits in five groups.
///
/// So long that a fast hash is enough (OWASP ASVS 5.0, 6.5.2 asks for a password hash below 112).
struct RecoveryCode: Sendable {
    /// So many are given out at a time.
    static let count = 10
    private static let characterCount = 25

    /// Without hyphens and blanks, in upper case.
    private let characters: String

    /// A new one.
    init() {
        let bytes = SymmetricKey(size: .bits128).withUnsafeBytes { Data($0) }
        characters = String(Base32.encode(bytes).prefix(Self.characterCount))
    }

    /// One that somebody types, `nil` when it can be none.
    init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let characters = text.uppercased().filter { $0 != "-" && $0 != " " }
        guard characters.utf8.count == Self.characterCount, Base32.decode(characters) != nil else {
            return nil
        }
        self.characters = characters
    }

    /// As it is shown: `ABCDE-FGHIJ-…`.
    var text: String {
        stride(from: 0, to: characters.count, by: 5).map { start in
            String(characters.dropFirst(start).prefix(5))
        }.joined(separator: "-")
    }

    var hash: String { SHA256.hash(data: Data(characters.utf8)).hexEncoded }
}
