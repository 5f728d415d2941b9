import Events
import Foundation

extension Array: SQLConvertible where Element: SQLConvertible {
    /// The elements in order.
    public var sqlValue: SQLValue { .array(map(\.sqlValue)) }
    /// Reads the elements, native or from the JSON that SQLite holds.
    public init?(sqlValue: SQLValue) {
        guard let values = SQLValue.elements(of: sqlValue) else { return nil }
        var elements: [Element] = []
        for value in values {
            guard let element = Element(sqlValue: value) else { return nil }
            elements.append(element)
        }
        self = elements
    }
}

extension SQLValue {
    /// An array's elements; `nil` when the value is none.
    fileprivate static func elements(of value: SQLValue) -> [SQLValue]? {
        switch value {
        case .array(let values): values
        case .text(let text):
            try? JSONDecoder().decode([Element].self, from: Data(text.utf8))
                .map(\.value)
        case .null, .integer, .real, .blob, .bool, .uuid, .timestamp, .json, .decimal: nil
        }
    }

    /// The JSON text in which SQLite holds an array.
    static func jsonText(of values: [SQLValue]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let elements = values.map { Element(value: $0) }
        return (try? encoder.encode(elements)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    /// An element as JSON has it: what JSON has no type for is text.
    private struct Element: Codable {
        let value: SQLValue

        init(value: SQLValue) { self.value = value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .null
            } else if let integer = try? container.decode(Int64.self) {
                value = .integer(integer)
            } else if let real = try? container.decode(Double.self) {
                value = .real(real)
            } else if let text = try? container.decode(String.self) {
                value = .text(text)
            } else {
                value = .bool(try container.decode(Bool.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .null: try container.encodeNil()
            case .integer(let value): try container.encode(value)
            case .real(let value): try container.encode(value)
            case .text(let value): try container.encode(value)
            case .bool(let value): try container.encode(value)
            case .uuid(let value): try container.encode(value.lowercasedText)
            case .timestamp(let value): try container.encode(value.microseconds)
            case .blob(let value): try container.encode(value.base64EncodedString())
            case .json(let value): try container.encode(String(decoding: value, as: UTF8.self))
            case .decimal(let value): try container.encode("\(value)")
            case .array(let values): try container.encode(values.map { Element(value: $0) })
            }
        }
    }
}

extension Double: SQLConvertible {
    /// A 64-bit floating-point number.
    public var sqlValue: SQLValue { .real(self) }
    /// Reads a number; a whole one beyond 2^53 is rounded.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .real(let value): self = value
        case .integer(let value): self = Double(value)
        case .decimal(let value): self = (value as NSDecimalNumber).doubleValue
        case .null, .text, .blob, .bool, .uuid, .timestamp, .json, .array: return nil
        }
    }
}
