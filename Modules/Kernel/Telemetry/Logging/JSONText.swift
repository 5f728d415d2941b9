/// JSON strings that stay on one line and cannot steer a terminal.
///
/// Beyond what [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-7) asks, it escapes
/// DEL, the C1 controls, line and paragraph separators and the marks that reorder text.
enum JSONText {
    /// The escaped text without quotes.
    static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        append(escaped: text, to: &bytes)
        return bytes
    }

    private static func append(escaped text: String, to bytes: inout [UInt8]) {
        let utf8 = text.utf8
        if utf8.allSatisfy(isPlain) {
            bytes += utf8
        } else {
            for scalar in text.unicodeScalars { append(scalar, to: &bytes) }
        }
    }

    /// As much of the escaped text as fits, ending in the mark.
    static func truncated(_ text: String, byteCountMax: Int) -> [UInt8] {
        let mark = Array(LogRecord.truncationMark.utf8)
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let before = bytes.count
            append(scalar, to: &bytes)
            if bytes.count + mark.count > byteCountMax {
                bytes.removeLast(bytes.count - before)
                break
            }
        }
        return bytes + mark
    }

    /// Adds the escaped text between quotes.
    static func append(quoted text: String, to bytes: inout [UInt8]) {
        bytes.append(quote)
        append(escaped: text, to: &bytes)
        bytes.append(quote)
    }

    /// The value with everything inside it.
    static func encoded(_ value: LogValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    /// Adds the value with everything inside it.
    static func append(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text): append(quoted: text, to: &bytes)
        case .literal(let text): bytes += text.utf8
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(quoted: member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                append(member.value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    static let quote = UInt8(ascii: "\"")

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"": bytes += [0x5c, 0x22]
        case "\\": bytes += [0x5c, 0x5c]
        case "\n": bytes += [0x5c, UInt8(ascii: "n")]
        case "\r": bytes += [0x5c, UInt8(ascii: "r")]
        case "\t": bytes += [0x5c, UInt8(ascii: "t")]
        case " "..."~": bytes.append(UInt8(scalar.value))
        default:
            if mustEscape(scalar) {
                let digits = String(scalar.value, radix: 16)
                bytes += [0x5c, UInt8(ascii: "u")]
                bytes += String(repeating: "0", count: max(0, 4 - digits.count)).utf8
                bytes += digits.utf8
            } else {
                bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }

    /// Printable ASCII that means nothing in JSON: nearly every byte there is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != quote && byte != UInt8(ascii: "\\")
    }

    /// All of these are in the basic plane, so four digits name them.
    private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1f, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }
}
