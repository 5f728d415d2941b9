import Foundation

/// One header of a mail, ASCII and folded, with its line end.
///
/// A CR or LF gets into ``rendered`` only as a fold of this type: values are printable ASCII as
/// they are, or encoded words (RFC 2047), whose alphabet has no line end.
struct MailHeader: Sendable {
    let rendered: String

    private init(_ name: String, _ value: String) {
        rendered = "\(name): \(value)\r\n"
    }

    /// A value the module writes itself.
    static func plain(_ name: String, _ value: String) -> MailHeader {
        precondition(isPrintable(value), "a plain header holds printable ASCII")
        return MailHeader(name, value)
    }

    /// Free text, as the subject: as it is when it fits on one line, else as encoded words.
    static func text(_ name: String, _ text: String) -> MailHeader {
        let column = name.utf8.count + 2
        let isPlain =
            isPrintable(text) && !looksEncoded(text) && column + text.utf8.count <= columnMax
            && text.first != " " && text.last != " "
        let value = isPlain ? text : encodedWords(text, at: column).joined(separator: fold)
        return MailHeader(name, value)
    }

    /// A mailbox: its name as a quoted string or encoded words, then the address.
    ///
    /// An address longer than a line stays whole, as RFC 5322 has no place to fold it.
    static func mailbox(_ name: String, _ mailbox: MailAddress) -> MailHeader {
        guard let person = mailbox.name else { return MailHeader(name, mailbox.address) }
        let column = name.utf8.count + 2
        let quoted = quoted(person)
        let isPlain =
            isPrintable(person) && !looksEncoded(person)
            && column + quoted.utf8.count <= columnMax
        let words = isPlain ? [quoted] : encodedWords(person, at: column)
        let address = "<\(mailbox.address)>"
        let lastColumn = (words.count == 1 ? column : 1) + (words.last?.utf8.count ?? 0)
        let isShort = lastColumn + 1 + address.utf8.count <= columnMax
        return MailHeader(name, words.joined(separator: fold) + (isShort ? " " : fold) + address)
    }

    // RFC 2047, section 2: a line with encoded words has at most 76 characters, a word 75.
    // `=?utf-8?B?` and `?=` take 12 of them; base64 makes 4 characters of 3 octets, so after the
    // blank of a fold (75 - 12) / 4 * 3 = 45 octets go into a word.
    private static let columnMax = 76
    private static let wordOctetCountMax = 45
    private static let fold = "\r\n "

    /// Words that never split a scalar, for a reader decodes each by itself (RFC 2047, section 5).
    private static func encodedWords(_ text: String, at column: Int) -> [String] {
        var words: [String] = []
        var octets: [UInt8] = []
        var room = min(wordOctetCountMax, (columnMax - column - 12) / 4 * 3)
        for scalar in text.unicodeScalars {
            let next = UTF8.encode(scalar).map(Array.init) ?? []
            if octets.count + next.count > room {
                words.append(word(octets))
                octets = []
                room = wordOctetCountMax
            }
            octets += next
        }
        return words + (octets.isEmpty ? [] : [word(octets)])
    }

    private static func word(_ octets: [UInt8]) -> String {
        "=?utf-8?B?\(Data(octets).base64EncodedString())?="
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Text that a reader would take for an encoded word is encoded itself.
    private static func looksEncoded(_ text: String) -> Bool { text.contains("=?") }
}
