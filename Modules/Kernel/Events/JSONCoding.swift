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
    public static func rfc3339(_ date: Date) -> String { date.formatted(milliseconds) }

    /// Reads an RFC 3339 time with or without a fraction; `nil` when it is none.
    public static func date(rfc3339 text: String) -> Date? {
        (try? milliseconds.parse(text)) ?? (try? seconds.parse(text))
    }

    private static let milliseconds = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let seconds = Date.ISO8601FormatStyle()
}

extension Date {
    /// This instant cut to whole milliseconds, the precision of every time that leaves a process.
    public var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1_000).rounded(.down) / 1_000)
    }
}
