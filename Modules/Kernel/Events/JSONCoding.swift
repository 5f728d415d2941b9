public import Foundation

/// The one JSON dialect of the system: camelCase as declared, RFC 3339 UTC times with milliseconds.
public enum FlotillaJSON {
    /// An encoder for events and HTTP bodies. Keys are sorted, so equal values are equal bytes.
    public static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(rfc3339(date))
        }
        return encoder
    }

    /// A decoder for events. Unknown fields are ignored.
    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = date(rfc3339: text) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "not an RFC 3339 time")
            }
            return date
        }
        return decoder
    }

    /// `2026-11-21T09:30:00.123Z`.
    public static func rfc3339(_ date: Date) -> String {
        // The format cuts, and most milliseconds lie a little below themselves as a `Double`.
        (date.wholeMilliseconds + 0.000_1).formatted(milliseconds)
    }

    /// Reads an RFC 3339 time with or without a fraction; `nil` when it is none.
    public static func date(rfc3339 text: String) -> Date? {
        guard isWellFormed(text),
            let date = (try? milliseconds.parse(text)) ?? (try? seconds.parse(text)),
            years.contains(date)
        else { return nil }
        return date
    }

    /// RFC 3339, section 5.6. The parser below is laxer: it carries 25 hours into the next day,
    /// takes 31 February for 3 March, and does not look at what follows.
    private static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int? {
            guard bytes.count >= start + count else { return nil }
            return Int(String(decoding: bytes[start..<start + count], as: UTF8.self))
        }
        func has(_ character: Character, at index: Int) -> Bool {
            bytes.indices.contains(index) && bytes[index] == character.asciiValue
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            has("-", at: 4), has("-", at: 7), has("T", at: 10), has(":", at: 13), has(":", at: 16),
            (1...12).contains(month), (1...days(of: month, in: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return false }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest[fraction.endIndex...]
        }
        if Array(rest) == [UInt8(ascii: "Z")] { return true }
        let start = rest.startIndex
        return rest.count == 6 && (has("+", at: start) || has("-", at: start))
            && number(start + 1, 2).map { (0...23).contains($0) } ?? false
            && has(":", at: start + 3)
            && number(start + 4, 2).map { (0...59).contains($0) } ?? false
    }

    private static func days(of month: Int, in year: Int) -> Int {
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// The four-digit years of RFC 3339.
    private static let years =
        Date(timeIntervalSince1970: -62_167_219_200)..<Date(timeIntervalSince1970: 253_402_300_800)

    private static let milliseconds = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let seconds = Date.ISO8601FormatStyle()
}

extension Date {
    /// This instant rounded to whole milliseconds, the precision of times that leave a process.
    public var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1_000).rounded() / 1_000)
    }
}
