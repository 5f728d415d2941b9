import CPostgres
import Foundation

/// Object ids of PostgreSQL's own types (`pg_type.dat`); they never change.
enum PostgresType {
    static let bool: Oid = 16
    static let bytea: Oid = 17
    static let char: Oid = 18
    static let name: Oid = 19
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let oid: Oid = 26
    static let json: Oid = 114
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let unknown: Oid = 705
    static let bpchar: Oid = 1042
    static let varchar: Oid = 1043
    static let timestamp: Oid = 1114
    static let timestamptz: Oid = 1184
    static let numeric: Oid = 1700
    static let uuid: Oid = 2950
    static let jsonb: Oid = 3802
    static let boolArray: Oid = 1000
    static let int2Array: Oid = 1005
    static let int4Array: Oid = 1007
    static let textArray: Oid = 1009
    static let varcharArray: Oid = 1015
    static let int8Array: Oid = 1016
    static let float8Array: Oid = 1022
    static let timestamptzArray: Oid = 1185
    static let uuidArray: Oid = 2951

    static let arrays: [Oid: Oid] = [
        boolArray: bool, int2Array: int2, int4Array: int4, textArray: text, varcharArray: varchar,
        int8Array: int8, float8Array: float8, timestamptzArray: timestamptz, uuidArray: uuid,
    ]
}

// MARK: - Parameters

/// A value on its way to the server, in the binary form of its type.
struct PostgresParameter {
    /// 0 lets the server take the type from where the parameter stands.
    let type: Oid
    /// `nil` is NULL.
    let bytes: [UInt8]?

    /// What `type` is, if it is not 0, is sent in its binary form; text is its own.
    init(_ value: SQLValue) {
        switch value {
        case .null: (type, bytes) = (0, nil)
        case .integer(let value): (type, bytes) = (PostgresType.int8, value.bigEndianBytes)
        case .real(let value):
            (type, bytes) = (PostgresType.float8, value.bitPattern.bigEndianBytes)
        // Text is bound without a type, because it also stands for a literal of another one.
        case .text(let value): (type, bytes) = (0, Array(value.utf8))
        case .blob(let value): (type, bytes) = (PostgresType.bytea, Array(value))
        case .bool(let value): (type, bytes) = (PostgresType.bool, [value ? 1 : 0])
        case .uuid(let value):
            (type, bytes) = (PostgresType.uuid, withUnsafeBytes(of: value.uuid) { Array($0) })
        case .timestamp(let value):
            (type, bytes) = (PostgresType.timestamptz, value.postgresMicroseconds.bigEndianBytes)
        case .json(let value): (type, bytes) = (PostgresType.json, Array(value))
        case .decimal(let value): (type, bytes) = (0, Array("\(value)".utf8))
        case .array(let values): (type, bytes) = (0, Array(PostgresArray.literal(values).utf8))
        }
    }

    /// Whether the bytes are text in the server's eyes: a C string, for types that it takes from
    /// the place where the parameter stands.
    var isText: Bool { type == 0 }
}

/// PostgreSQL counts microseconds from 2000-01-01.
private let postgresEpochMicroseconds: Int64 = 946_684_800_000_000

extension Date {
    fileprivate var postgresMicroseconds: Int64 {
        let (difference, isTooLow) =
            microseconds.subtractingReportingOverflow(postgresEpochMicroseconds)
        return isTooLow ? .min : difference
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

    fileprivate init?(bigEndianBytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count == MemoryLayout<Self>.size else { return nil }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

// MARK: - Answers

/// Reads binary answers: each type's form is that of its `…send` function
/// (https://www.postgresql.org/docs/15/protocol-overview.html#PROTOCOL-FORMAT-CODES).
enum PostgresDecoder {
    /// The value; `nil` when the bytes are not of that type, or the type is unknown here.
    static func value(_ bytes: UnsafeRawBufferPointer, of type: Oid) -> SQLValue? {
        switch type {
        case PostgresType.bool: bytes.first.map { .bool($0 != 0) }
        case PostgresType.int2: Int16(bigEndianBytes: bytes).map { .integer(Int64($0)) }
        case PostgresType.int4: Int32(bigEndianBytes: bytes).map { .integer(Int64($0)) }
        case PostgresType.int8: Int64(bigEndianBytes: bytes).map { .integer($0) }
        case PostgresType.oid: UInt32(bigEndianBytes: bytes).map { .integer(Int64($0)) }
        case PostgresType.float4:
            UInt32(bigEndianBytes: bytes).map { .real(Double(Float(bitPattern: $0))) }
        case PostgresType.float8:
            UInt64(bigEndianBytes: bytes).map { .real(Double(bitPattern: $0)) }
        case PostgresType.bytea: .blob(Data(bytes))
        case PostgresType.uuid: uuid(bytes).map { .uuid($0) }
        case PostgresType.timestamptz, PostgresType.timestamp:
            Int64(bigEndianBytes: bytes).flatMap(timestamp)
        case PostgresType.json: .json(Data(bytes))
        // A version, always 1, comes first.
        case PostgresType.jsonb: bytes.first == 1 ? .json(Data(bytes.dropFirst())) : nil
        case PostgresType.numeric: PostgresNumeric.decimal(bytes).map { .decimal($0) }
        case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name,
            PostgresType.char, PostgresType.unknown:
            .text(String(decoding: bytes, as: UTF8.self))
        default: PostgresType.arrays[type].flatMap { PostgresArray.values(bytes, of: $0) }
        }
    }

    private static func uuid(_ bytes: UnsafeRawBufferPointer) -> UUID? {
        bytes.count == 16 ? UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)) : nil
    }

    private static func timestamp(_ microseconds: Int64) -> SQLValue? {
        let (sum, isTooHigh) = microseconds.addingReportingOverflow(postgresEpochMicroseconds)
        return isTooHigh ? nil : .timestamp(Date(microseconds: sum))
    }
}

/// `numeric`: digits to the base of 10 000 (`numeric_send` in `numeric.c`).
enum PostgresNumeric {
    /// The number; `nil` for what is none (NaN, infinity) or has more digits than `Decimal`.
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> Decimal? {
        func short(_ index: Int) -> Int? {
            guard bytes.count >= 2 * index + 2 else { return nil }
            let pair = UnsafeRawBufferPointer(rebasing: bytes[(2 * index)..<(2 * index + 2)])
            return UInt16(bigEndianBytes: pair).map(Int.init)
        }
        guard let count = short(0), let weight = short(1), let sign = short(2),
            sign == 0 || sign == 0x4000, count <= 9
        else { return nil }
        var sum = Decimal()
        for index in 0..<count {
            guard let digit = short(4 + index) else { return nil }
            sum = sum * 10_000 + Decimal(digit)
        }
        // The first digit stands for 10 000 to the power of the weight.
        let exponent = 4 * (Int(Int16(truncatingIfNeeded: weight)) - count + 1)
        guard (-128...127).contains(exponent) else { return nil }
        return Decimal(sign: sign == 0 ? .plus : .minus, exponent: exponent, significand: sum)
    }
}

/// One-dimensional arrays.
enum PostgresArray {
    /// The elements (`array_send` in `arrayfuncs.c`); `nil` for more than one dimension.
    static func values(_ bytes: UnsafeRawBufferPointer, of element: Oid) -> SQLValue? {
        var rest = bytes[...]
        func take(_ count: Int) -> UnsafeRawBufferPointer? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        }
        func word() -> Int? { take(4).flatMap { Int32(bigEndianBytes: $0) }.map(Int.init) }
        guard let dimensions = word(), word() != nil, word() != nil else { return nil }
        guard dimensions > 0 else { return .array([]) }
        guard dimensions == 1, let count = word(), word() != nil, count >= 0 else { return nil }
        var values: [SQLValue] = []
        for _ in 0..<count {
            guard let length = word() else { return nil }
            guard length >= 0 else {
                values.append(.null)
                continue
            }
            guard let part = take(length), let value = PostgresDecoder.value(part, of: element)
            else { return nil }
            values.append(value)
        }
        return .array(values)
    }

    /// The array as a literal, which the server reads as whatever type it needs.
    static func literal(_ values: [SQLValue]) -> String {
        "{" + values.map(literal).joined(separator: ",") + "}"
    }

    private static func literal(_ value: SQLValue) -> String {
        let text: String
        switch value {
        case .null: return "NULL"
        case .integer(let value): text = "\(value)"
        case .real(let value): text = "\(value)"
        case .text(let value): text = value
        case .blob(let value): text = "\\x" + value.map { String(format: "%02x", $0) }.joined()
        case .bool(let value): text = value ? "t" : "f"
        case .uuid(let value): text = value.uuidString
        case .timestamp(let value): text = timestamp(value)
        case .json(let value): text = String(decoding: value, as: UTF8.self)
        case .decimal(let value): text = "\(value)"
        case .array(let values): return literal(values)
        }
        // As JSON text and names of people may hold both.
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    private static func timestamp(_ date: Date) -> String {
        let total = date.microseconds
        let microseconds = (total % 1_000_000 + 1_000_000) % 1_000_000
        let seconds = (total - microseconds) / 1_000_000
        let whole = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        return "\(whole.dropLast()).\(String(format: "%06d", microseconds))Z"
    }
}
