public import Foundation

/// A JSON value of which nothing is expected: a body before it is read, a payload passed through.
public enum JSONValue: Encodable, Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Deeper values than this are refused: no body of ours is, and each level costs stack.
    private static let depthMax = 32

    /// Parses JSON in one pass.
    ///
    /// - Throws: ``MalformedJSON``.
    public init(parsing data: Data) throws(MalformedJSON) {
        // One pass, and lax in one thing only: Foundation's parsers take trailing commas. They also
        // take UTF-16, which RFC 8259 does not; it is full of NUL bytes.
        guard !data.contains(0),
            let object = try? JSONSerialization.jsonObject(
                with: data, options: .fragmentsAllowed)
        else { throw MalformedJSON() }
        try self.init(object, depth: 0)
    }

    private init(_ object: Any, depth: Int) throws(MalformedJSON) {
        guard depth < Self.depthMax else { throw MalformedJSON() }
        switch object {
        case let string as String:
            self = .string(string)
        case let number as NSNumber:
            self.init(number)
        case let array as [Any]:
            var values: [JSONValue] = []
            values.reserveCapacity(array.count)
            for element in array { values.append(try JSONValue(element, depth: depth + 1)) }
            self = .array(values)
        case let object as [String: Any]:
            var values: [String: JSONValue] = [:]
            values.reserveCapacity(object.count)
            for (key, value) in object { values[key] = try JSONValue(value, depth: depth + 1) }
            self = .object(values)
        default:
            self = .null
        }
    }

    /// Foundation gives booleans and numbers alike as `NSNumber`; its type code tells them apart.
    private init(_ number: NSNumber) {
        switch UInt8(bitPattern: number.objCType.pointee) {
        case UInt8(ascii: "c"), UInt8(ascii: "B"): self = .bool(number.boolValue)
        case UInt8(ascii: "d"), UInt8(ascii: "f"), UInt8(ascii: "Q"):
            self = .number(number.doubleValue)
        default: self = .integer(number.int64Value)
        }
    }

    /// Encodes it as it was.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try value.encode(to: encoder)
        case .integer(let value): try value.encode(to: encoder)
        case .number(let value): try value.encode(to: encoder)
        case .string(let value): try value.encode(to: encoder)
        case .array(let values): try values.encode(to: encoder)
        case .object(let values): try values.encode(to: encoder)
        }
    }

    /// What it is, for an error message.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Text that is no JSON, or nested too deeply.
public struct MalformedJSON: Error {}
