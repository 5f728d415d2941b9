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
}

/// A Swift type that statements can bind and rows can give back.
public protocol SQLConvertible {
    /// The value to bind.
    var sqlValue: SQLValue { get }

    /// Reads the value back, from whichever form an engine stores it in; `nil` when it does not fit.
    init?(sqlValue: SQLValue)
}

extension SQLConvertible where Self: RawRepresentable, RawValue: SQLConvertible {
    public var sqlValue: SQLValue { rawValue.sqlValue }
    public init?(sqlValue: SQLValue) {
        guard let rawValue = RawValue(sqlValue: sqlValue) else { return nil }
        self.init(rawValue: rawValue)
    }
}

extension SQLConvertible where Self: Identifier {
    public var sqlValue: SQLValue { .uuid(uuid) }
    public init?(sqlValue: SQLValue) {
        guard let uuid = UUID(sqlValue: sqlValue) else { return nil }
        self.init(uuid)
    }
}

extension UserID: SQLConvertible {}
extension OrderID: SQLConvertible {}
extension PaymentID: SQLConvertible {}
extension ProductID: SQLConvertible {}
extension EventID: SQLConvertible {}
extension EventType: SQLConvertible {}
extension Topic: SQLConvertible {}
extension Currency: SQLConvertible {}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    public var sqlValue: SQLValue { self?.sqlValue ?? .null }
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
    public var sqlValue: SQLValue { .integer(self) }
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Int: SQLConvertible {
    public var sqlValue: SQLValue { .integer(Int64(self)) }
    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(exactly: value)
    }
}

extension Double: SQLConvertible {
    public var sqlValue: SQLValue { .real(self) }
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .real(let value): self = value
        case .integer(let value): self = Double(value)
        case .null, .text, .blob, .bool, .uuid, .timestamp, .json: return nil
        }
    }
}

extension Bool: SQLConvertible {
    public var sqlValue: SQLValue { .bool(self) }
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .bool(let value): self = value
        case .integer(0): self = false
        case .integer(1): self = true
        case .null, .integer, .real, .text, .blob, .uuid, .timestamp, .json: return nil
        }
    }
}

extension String: SQLConvertible {
    public var sqlValue: SQLValue { .text(self) }
    public init?(sqlValue: SQLValue) {
        guard case .text(let value) = sqlValue else { return nil }
        self = value
    }
}

extension Data: SQLConvertible {
    public var sqlValue: SQLValue { .blob(self) }
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .blob(let value), .json(let value): self = value
        case .text(let value): self = Data(value.utf8)
        case .null, .integer, .real, .bool, .uuid, .timestamp: return nil
        }
    }
}

extension UUID: SQLConvertible {
    public var sqlValue: SQLValue { .uuid(self) }
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .uuid(let value): self = value
        case .text(let value): self.init(uuidString: value)
        case .null, .integer, .real, .blob, .bool, .timestamp, .json: return nil
        }
    }
}

extension Date: SQLConvertible {
    public var sqlValue: SQLValue { .timestamp(self) }
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .timestamp(let value): self = value
        case .integer(let microseconds): self.init(microseconds: microseconds)
        case .null, .real, .text, .blob, .bool, .uuid, .json: return nil
        }
    }

    /// An instant from whole microseconds since 1970, the form that SQLite columns hold.
    package init(microseconds: Int64) {
        self.init(timeIntervalSince1970: Double(microseconds) / 1_000_000)
    }

    /// Whole microseconds since 1970.
    package var microseconds: Int64 { Int64((timeIntervalSince1970 * 1_000_000).rounded()) }
}

/// JSON text as a column's value: `\(JSON(data))`.
public struct JSON: SQLConvertible, Sendable, Hashable {
    /// One JSON value in UTF-8.
    public let data: Data

    /// Wraps encoded JSON.
    public init(_ data: Data) { self.data = data }

    public var sqlValue: SQLValue { .json(data) }
    public init?(sqlValue: SQLValue) {
        guard let data = Data(sqlValue: sqlValue) else { return nil }
        self.data = data
    }
}
