public import Events
public import Foundation

/// A value on its way into or out of a statement.
///
/// The cases name meanings, not an engine's column types: an instant is microseconds in SQLite and
/// `timestamptz` in PostgreSQL, a UUID text in one and `uuid` in the other.
public enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob(Data)
    case bool(Bool)
    case uuid(UUID)
    case timestamp(Date)
    /// One JSON value in UTF-8, kept byte for byte.
    case json(Data)
    /// A decimal fraction, exactly; text in SQLite, which has no type for it.
    case decimal(Decimal)
    /// Values of one type, in order; a JSON array in SQLite, which has no type for it.
    case array([SQLValue])
}

/// A Swift type that statements can bind and rows can give back.
public protocol SQLConvertible {
    /// The value to bind.
    var sqlValue: SQLValue { get }

    /// Reads the value back from whichever form an engine keeps it in; `nil` when it does not fit.
    init?(sqlValue: SQLValue)
}

extension SQLConvertible where Self: RawRepresentable, RawValue: SQLConvertible {
    /// The raw value, bound as its own type is.
    public var sqlValue: SQLValue { rawValue.sqlValue }
    /// Reads the raw value back; `nil` also when it stands for no value of this type.
    public init?(sqlValue: SQLValue) {
        guard let rawValue = RawValue(sqlValue: sqlValue) else { return nil }
        self.init(rawValue: rawValue)
    }
}

extension SQLConvertible where Self: Identifier {
    /// The UUID inside, native or text as the engine has it.
    public var sqlValue: SQLValue { .uuid(uuid) }
    /// Reads the UUID back, native or text.
    public init?(sqlValue: SQLValue) {
        guard let uuid = UUID(sqlValue: sqlValue) else { return nil }
        self.init(uuid)
    }
}

extension UserID: SQLConvertible {}
extension OrderID: SQLConvertible {}
extension PaymentID: SQLConvertible {}
extension ProductID: SQLConvertible {}
extension VariantID: SQLConvertible {}
extension QuoteID: SQLConvertible {}
extension RefundID: SQLConvertible {}
extension EventID: SQLConvertible {}
extension TransactionID: SQLConvertible {}
extension DeadLetterID: SQLConvertible {}
extension EventType: SQLConvertible {}
extension Topic: SQLConvertible {}
extension Currency: SQLConvertible {}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    /// The wrapped value, or NULL.
    public var sqlValue: SQLValue { self?.sqlValue ?? .null }
    /// Reads NULL as `.none`; `nil` when there is a value and it does not fit.
    public init?(sqlValue: SQLValue) {
        if case .null = sqlValue {
            self = .none
        } else if let wrapped = Wrapped(sqlValue: sqlValue) {
            self = .some(wrapped)
        } else {
            return nil
        }
    }
}

extension Int64: SQLConvertible {
    /// A 64-bit integer.
    public var sqlValue: SQLValue { .integer(self) }
    /// Reads an integer, or the whole number that PostgreSQL makes of a sum; a real number is not
    /// rounded to one.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .integer(let value): self = value
        case .decimal(let value): self.init(exactly: value as NSDecimalNumber)
        case .null, .real, .text, .blob, .bool, .uuid, .timestamp, .json, .array: return nil
        }
    }
}

extension Int: SQLConvertible {
    /// A 64-bit integer.
    public var sqlValue: SQLValue { .integer(Int64(self)) }
    /// Reads an integer; `nil` when it exceeds the platform's word.
    public init?(sqlValue: SQLValue) {
        guard let value = Int64(sqlValue: sqlValue) else { return nil }
        self.init(exactly: value)
    }
}

extension Decimal: SQLConvertible {
    /// A decimal fraction, exactly.
    public var sqlValue: SQLValue { .decimal(self) }
    /// Reads a decimal fraction, a whole number, or the text that SQLite holds.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .decimal(let value): self = value
        case .integer(let value): self.init(value)
        case .text(let value): self.init(string: value, locale: Locale(identifier: "en_US_POSIX"))
        case .null, .real, .blob, .bool, .uuid, .timestamp, .json, .array: return nil
        }
    }
}

extension Bool: SQLConvertible {
    /// A truth value; 0 or 1 in SQLite, which has no type for it.
    public var sqlValue: SQLValue { .bool(self) }
    /// Reads a truth value, or 0 and 1; no other integer is one.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .bool(let value): self = value
        case .integer(0): self = false
        case .integer(1): self = true
        case .null, .integer, .real, .text, .blob, .uuid, .timestamp, .json, .decimal, .array:
            return nil
        }
    }
}

extension String: SQLConvertible {
    /// Text.
    public var sqlValue: SQLValue { .text(self) }
    /// Reads text, or JSON as it is written; a number or UUID is not turned into it.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .text(let value): self = value
        case .json(let value): self.init(decoding: value, as: UTF8.self)
        case .null, .integer, .real, .blob, .bool, .uuid, .timestamp, .decimal, .array: return nil
        }
    }
}

extension Data: SQLConvertible {
    /// Bytes.
    public var sqlValue: SQLValue { .blob(self) }
    /// Reads bytes, or the UTF-8 of JSON and text.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .blob(let value), .json(let value): self = value
        case .text(let value): self = Data(value.utf8)
        case .null, .integer, .real, .bool, .uuid, .timestamp, .decimal, .array: return nil
        }
    }
}

extension UUID: SQLConvertible {
    /// A UUID; lower-case text in SQLite.
    public var sqlValue: SQLValue { .uuid(self) }
    /// Reads a UUID, native or text.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .uuid(let value): self = value
        case .text(let value): self.init(text: value)
        case .null, .integer, .real, .blob, .bool, .timestamp, .json, .decimal, .array:
            return nil
        }
    }
}

extension Date: SQLConvertible {
    /// An instant; finer than a microsecond is lost.
    public var sqlValue: SQLValue { .timestamp(self) }
    /// Reads an instant, or the microseconds since 1970 that SQLite holds.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .timestamp(let value): self = value
        case .integer(let microseconds): self.init(microseconds: microseconds)
        case .null, .real, .text, .blob, .bool, .uuid, .json, .decimal, .array: return nil
        }
    }

    /// An instant from whole microseconds since 1970, the form that SQLite columns hold.
    package init(microseconds: Int64) {
        self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }

    /// Whole microseconds since 1970; an instant beyond their range is the nearest in it.
    package var microseconds: Int64 {
        let microseconds = (timeIntervalSince1970 * 1_000_000).rounded()
        return Int64(exactly: microseconds) ?? (microseconds < 0 ? .min : .max)
    }
}

/// JSON text as a column's value: `\(JSON(data))`.
public struct JSON: SQLConvertible, Sendable, Hashable {
    /// One JSON value in UTF-8.
    public let data: Data

    /// Wraps encoded JSON.
    public init(_ data: Data) { self.data = data }

    /// JSON, kept byte for byte.
    public var sqlValue: SQLValue { .json(data) }
    /// Reads the bytes back without parsing them.
    public init?(sqlValue: SQLValue) {
        guard let data = Data(sqlValue: sqlValue) else { return nil }
        self.data = data
    }
}
