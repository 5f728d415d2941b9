public import Foundation

/// The one JSON dialect of the system: camelCase as declared, RFC 3339 UTC times with milliseconds.
public enum FlotillaJSON {
    /// Encodes events and HTTP bodies. Keys are sorted, so equal values are equal bytes.
    ///
    /// - Throws: `EncodingError`.
    public static func encode(_ value: some Encodable) throws -> Data {
        try sharedEncoder.encode(value)
    }

    /// Decodes what was encoded so. Unknown fields are ignored.
    ///
    /// - Throws: `DecodingError`.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from data: Data
    ) throws -> Value {
        try sharedDecoder.decode(type, from: data)
    }

    // Nobody else has them, so that nobody changes them.
    private static let sharedEncoder = encoder()
    private static let sharedDecoder = decoder()

    /// An encoder like that of ``encode(_:)``, for who sets options of their own.
    public static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(rfc3339(date))
        }
        return encoder
    }

    private static func decoder() -> JSONDecoder {
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
}

extension Date {
    /// This instant rounded to whole milliseconds, the precision of times that leave a process.
    public var wholeMilliseconds: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 * 1_000).rounded() / 1_000)
    }
}
