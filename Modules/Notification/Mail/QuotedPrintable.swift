/// The quoted-printable encoding of a text body (RFC 2045, section 6.7).
///
/// Lines end in CRLF and hold at most 76 characters. A dot at the start of a line and `From ` are
/// encoded too: neither SMTP's end mark nor a mailbox file can mistake them.
enum QuotedPrintable {
    /// Encodes the text's UTF-8; CR, LF and CRLF all end a line, and the last line is ended.
    static func encode(_ text: String) -> String {
        var lines = lines(of: Array(text.utf8))
        if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { encode(line: $0) + "\r\n" }.joined()
    }

    private static func encode(line: ArraySlice<UInt8>) -> String {
        var encoded = ""
        var column = 0
        for index in line.indices {
            var token = token(at: index, in: line, isFirst: column == 0)
            // The last column is kept for the `=` that continues the line.
            if column + token.utf8.count > columnMax - 1 {
                encoded += "=\r\n"
                column = 0
                token = self.token(at: index, in: line, isFirst: true)
            }
            encoded += token
            column += token.utf8.count
        }
        return encoded
    }

    private static func token(
        at index: Int, in line: ArraySlice<UInt8>, isFirst: Bool
    ) -> String {
        let octet = line[index]
        let isLast = index == line.endIndex - 1
        let isPlain =
            switch octet {
            case UInt8(ascii: "="): false
            case UInt8(ascii: "."): !isFirst
            case UInt8(ascii: "F"): !(isFirst && line[index...].starts(with: "From ".utf8))
            case UInt8(ascii: " "), UInt8(ascii: "\t"): !isLast
            default: (0x21...0x7E).contains(octet)
            }
        return isPlain ? String(UnicodeScalar(octet)) : "=\(hex(octet >> 4))\(hex(octet & 0xF))"
    }

    private static func lines(of octets: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < octets.count {
            let isCR = octets[index] == UInt8(ascii: "\r")
            guard isCR || octets[index] == UInt8(ascii: "\n") else {
                index += 1
                continue
            }
            lines.append(octets[start..<index])
            let isCRLF = isCR && index + 1 < octets.count && octets[index + 1] == UInt8(ascii: "\n")
            index += isCRLF ? 2 : 1
            start = index
        }
        return lines + [octets[start...]]
    }

    private static func hex(_ nibble: UInt8) -> Character { digits[Int(nibble)] }

    private static let columnMax = 76
    private static let digits = Array("0123456789ABCDEF")
}
