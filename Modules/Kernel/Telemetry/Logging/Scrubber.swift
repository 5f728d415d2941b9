/// The last resort: finds e-mail addresses, tokens and card numbers in any text.
///
/// It reads bytes once from left to right; the cheap test of a text's letters comes first,
/// because nearly every text passes it.
enum Scrubber {
    /// The text with what it found replaced by `[redacted]`.
    static func scrub(_ text: String) -> String {
        var text = text
        let isSuspicious = text.withUTF8 { Self.isSuspicious($0) }
        guard isSuspicious else { return text }
        let bytes = Array(text.utf8)
        let found = merged(
            emails(in: bytes) + tokens(in: bytes) + CardNumbers.ranges(in: bytes))
        guard !found.isEmpty else { return text }
        var result: [UInt8] = []
        var position = 0
        for range in found {
            result += bytes[position..<range.lowerBound]
            result += Redaction.mark.utf8
            position = range.upperBound
        }
        result += bytes[position...]
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether a slower look is due: an at sign, the start of a token, or as many digits as a card
    /// number has, with nothing but spaces and hyphens between them.
    private static func isSuspicious(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var digitCount = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "@"): return true
            case UInt8(ascii: "%") where matches("%40", bytes, at: index): return true
            case UInt8(ascii: "e") where matches("eyJ", bytes, at: index): return true
            case UInt8(ascii: "B"), UInt8(ascii: "b"):
                if matches("earer ", bytes, at: index + 1) { return true }
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digitCount += 1
                if digitCount > 12 { return true }
                continue
            case UInt8(ascii: " "), UInt8(ascii: "-"): continue
            default: break
            }
            digitCount = 0
        }
        return false
    }

    /// Addresses have 64 bytes before the at sign (RFC 5321, 4.5.3.1.1); looking further would
    /// make the search quadratic.
    private static let localByteCountMax = 128

    /// `local@domain.tld`, also with the at sign of a query string.
    private static func emails(in bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for index in bytes.indices {
            let width: Int
            if bytes[index] == UInt8(ascii: "@") {
                width = 1
            } else if matches("%40", bytes, at: index) {
                width = 3
            } else {
                continue
            }
            var start = index
            let floor = found.last?.upperBound ?? 0
            let first = max(floor, index - localByteCountMax)
            while start > first, isLocal(bytes[start - 1]) { start -= 1 }
            var end = index + width
            while end < bytes.count, isDomain(bytes[end]) { end += 1 }
            while end > index + width, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
            let domain = bytes[(index + width)..<end]
            if start < index, domain.dropFirst().contains(UInt8(ascii: ".")) {
                found.append(start..<end)
            }
        }
        return found
    }

    /// Three base64url parts of which the first is a JSON object, or what follows `Bearer`.
    private static func tokens(in bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            let startsWord = index == 0 || !isBase64URL(bytes[index - 1])
            if startsWord, matches("eyJ", bytes, at: index) {
                let end = end(of: bytes, from: index) { isBase64URL($0) || $0 == UInt8(ascii: ".") }
                if bytes[index..<end].count(where: { $0 == UInt8(ascii: ".") }) >= 2 {
                    found.append(index..<end)
                }
                // A later start would see fewer dots, and make the search quadratic.
                index = end
                continue
            } else if matches("Bearer ", bytes, at: index) || matches("bearer ", bytes, at: index) {
                let start = index + 7
                let end = end(of: bytes, from: start) {
                    isBase64URL($0) || "./+=~".utf8.contains($0)
                }
                if end - start >= 16 {
                    found.append(start..<end)
                    index = end
                    continue
                }
            }
            index += 1
        }
        return found
    }

    private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound < last.upperBound {
                let end = max(last.upperBound, range.upperBound)
                result[result.count - 1] = last.lowerBound..<end
            } else {
                result.append(range)
            }
        }
        return result
    }
}

// MARK: - Letters

extension Scrubber {
    private static func end(
        of bytes: [UInt8], from start: Int, while accepts: (UInt8) -> Bool
    ) -> Int {
        var end = start
        while end < bytes.count, accepts(bytes[end]) { end += 1 }
        return end
    }

    private static func matches(
        _ text: StaticString, _ bytes: some RandomAccessCollection<UInt8>, at index: Int
    ) -> Bool {
        let count = text.utf8CodeUnitCount
        guard
            let start = bytes.index(
                bytes.startIndex, offsetBy: index, limitedBy: bytes.endIndex),
            bytes.distance(from: start, to: bytes.endIndex) >= count
        else { return false }
        return text.withUTF8Buffer { letters in bytes[start...].starts(with: letters) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    /// Bytes of letters beyond ASCII count as letters.
    private static func isLocal(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte >= 0x80 || "._%+-!#$&'*/=?^`{|}~".utf8.contains(byte)
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte >= 0x80 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }
}
