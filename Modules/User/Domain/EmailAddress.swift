import Foundation

/// An e-mail address as it was typed, and the form that makes it unique.
///
/// ASCII only: a dot-atom before the `@` and a host name after it (RFC 5321, section 4.1.2).
/// International domains are given in their `xn--` form. That keeps letters that look or fold
/// alike (`ı`, the Kelvin sign) from naming somebody else's account.
struct EmailAddress: Hashable, Sendable {
    /// As typed, without surrounding blanks: where mail is sent.
    let text: String
    /// Lower case: two addresses with one key are one account.
    var key: String { text.lowercased() }

    init?(_ input: String) {
        let text = input.trimmingCharacters(in: .whitespaces)
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, parts.count == 2,
            Self.isDotAtom(parts[0]), Self.isHostName(parts[1])
        else { return nil }
        self.text = text
    }

    private static func isDotAtom(_ local: Substring) -> Bool {
        (1...64).contains(local.utf8.count)
            && local.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isAtomText) }
    }

    private static func isHostName(_ domain: Substring) -> Bool {
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// RFC 5322, section 3.2.3.
    private static func isAtomText(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// A telephone number in E.164: `+`, then up to 15 digits that don't begin with 0.
struct PhoneNumber: Hashable, Sendable {
    let text: String

    init?(_ text: String) {
        let digits = text.utf8.dropFirst()
        guard text.utf8.first == UInt8(ascii: "+"), (2...15).contains(digits.count),
            digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.text = text
    }
}
