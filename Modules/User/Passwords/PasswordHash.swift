import CCrypt
import CSodium

/// A stored hash: its scheme and parameters are written in it (PHC string format, crypt(5)).
///
/// Parameters are bounded before they are used: one row that asks for 64 GiB must not end the
/// process. What is out of bounds is no hash, and no password fits it.
struct PasswordHash: Sendable {
    private enum Scheme { case argon2id, bcrypt }

    private let text: String
    private let scheme: Scheme

    private static let memoryKiBMax = 256 * 1_024
    private static let passesMax = 10
    /// 2^15 rounds take about two seconds.
    private static let bcryptCosts = 4...15
    /// bcrypt reads so many bytes of a password and ignores the rest.
    private static let bcryptByteCountMax = 72

    /// Stands where there is no password: none fits it.
    static let none = ""

    /// - Parameter text: as stored; `nil` for what is no hash of a known scheme within the bounds.
    init?(_ text: String) {
        self.text = text
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].isEmpty else { return nil }
        switch parts[1] {
        case "argon2id" where parts.count == 6 && Self.isModest(parts[3]): scheme = .argon2id
        case "2a", "2b", "2y":
            guard parts.count == 4, parts[3].utf8.count == 53, let cost = Int(parts[2]),
                Self.bcryptCosts.contains(cost)
            else { return nil }
            scheme = .bcrypt
        default: return nil
        }
    }

    private static func isModest(_ parameters: Substring) -> Bool {
        var values: [Substring: Int] = [:]
        for parameter in parameters.split(separator: ",") {
            let pair = parameter.split(separator: "=")
            guard pair.count == 2, let value = Int(pair[1]) else { return false }
            values[pair[0]] = value
        }
        guard values.count == 3, let memory = values["m"], let passes = values["t"] else {
            return false
        }
        return (8...memoryKiBMax).contains(memory) && (1...passesMax).contains(passes)
            && values["p"] == 1
    }

    /// Whether the password belongs to it; compared in constant time. Blocks.
    ///
    /// A password that bcrypt would cut (more than 72 bytes, or a NUL) belongs to no bcrypt hash:
    /// many others would fit it, too.
    func fits(_ password: Password) -> Bool {
        switch scheme {
        case .argon2id:
            return password.withCharacters { characters, count in
                crypto_pwhash_str_verify(text, characters, count) == 0
            }
        case .bcrypt:
            let bytes = password.normalized.utf8
            guard bytes.count <= Self.bcryptByteCountMax, !bytes.contains(0) else { return false }
            var output = [CChar](repeating: 0, count: 128)
            guard flotilla_crypt(password.normalized, text, &output, output.count) == 0 else {
                return false
            }
            let hash = output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let stored = Array(text.utf8)
            return hash.count == stored.count
                && sodium_memcmp(hash, stored, stored.count) == 0
        }
    }

    /// Whether it is weaker than, or other than, what is made today.
    func isOutdated(passes: UInt64, memoryByteCount: Int) -> Bool {
        scheme != .argon2id
            || crypto_pwhash_str_needs_rehash(text, passes, memoryByteCount) != 0
    }
}
