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
        guard hasRealDay(text),
            let date = (try? milliseconds.parse(text)) ?? (try? seconds.parse(text)),
            years.contains(date)
        else { return nil }
        return date
    }

    /// Whether the day is one of its month: the parser would take 31 February for 3 March.
    private static func hasRealDay(_ text: String) -> Bool {
        let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3, (1...12).contains(parts[1]) else { return false }
        let isLeapYear =
            parts[0] % 4 == 0 && (parts[0] % 100 != 0 || parts[0] % 400 == 0)
        let days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[parts[1] - 1]).contains(parts[2])
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
