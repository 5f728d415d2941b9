/// A statement whose interpolated values are bound, never written into the text.
///
/// ```swift
/// let sql: SQL = "SELECT name FROM users WHERE id = \(id)"   // one parameter, no concatenation
/// ```
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    enum Fragment: Sendable {
        case text(StaticString)
        /// Text that was put together.
        case made(String)
        case value(SQLValue)
        /// Text for one engine only.
        case only(Dialect, StaticString)
    }

    private(set) var fragments: [Fragment]

    /// A statement without parameters.
    public init(stringLiteral text: StaticString) { fragments = [.text(text)] }

    /// A statement with bound parameters.
    public init(stringInterpolation: StringInterpolation) {
        fragments = stringInterpolation.fragments
    }

    /// A statement whose text was put together by the kernel, not by a request.
    package init(text: String) { fragments = [.made(text)] }

    /// One statement after the other, to build `WHERE` clauses piece by piece.
    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.fragments += right.fragments
        return sum
    }

    /// Collects the text and the values of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        var fragments: [Fragment] = []

        /// Makes room: each value lies between two pieces of text.
        public init(literalCapacity: Int, interpolationCount: Int) {
            fragments.reserveCapacity(2 * interpolationCount + 1)
        }

        /// Takes text that stands in the source; a string made at run time does not compile.
        public mutating func appendLiteral(_ literal: StaticString) {
            fragments.append(.text(literal))
        }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            fragments.append(.value(value.sqlValue))
        }

        /// Binds a value, or NULL.
        public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            fragments.append(.value(value.sqlValue))
        }

        /// Puts another statement's text and values here.
        public mutating func appendInterpolation(_ sql: SQL) {
            fragments += sql.fragments
        }

        /// Text that only one engine understands; nothing on the other.
        public mutating func appendInterpolation(only dialect: Dialect, _ text: StaticString) {
            fragments.append(.only(dialect, text))
        }
    }

    /// The text with the engine's placeholders, and the values in their order.
    package func rendered(for dialect: Dialect) -> (text: String, values: [SQLValue]) {
        var values: [SQLValue] = []
        values.reserveCapacity(fragments.count / 2 + 1)
        var byteCountMax = 0
        for fragment in fragments {
            if case .value(let value) = fragment { values.append(value) }
            byteCountMax += fragment.byteCountMax
        }
        // In one buffer: every statement of every request and event comes by here.
        let text = String(unsafeUninitializedCapacity: byteCountMax) { buffer in
            var text = RenderedText(buffer: buffer, dialect: dialect)
            for fragment in fragments { text.append(fragment) }
            return text.byteCount
        }
        return (text, values)
    }
}

extension SQL.Fragment {
    /// The room for it in a rendered text.
    fileprivate var byteCountMax: Int {
        switch self {
        case .text(let literal), .only(_, let literal): literal.utf8CodeUnitCount
        case .made(let text): text.utf8.count
        // `$` and the digits of more than PostgreSQL's protocol allows (16 bits).
        case .value: 8
        }
    }
}

/// A statement's text on its way into a buffer that has room for all of it.
private struct RenderedText {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    let dialect: Dialect
    var byteCount = 0
    private var valueCount = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>, dialect: Dialect) {
        self.buffer = buffer
        self.dialect = dialect
    }

    mutating func append(_ fragment: SQL.Fragment) {
        switch fragment {
        case .text(let literal): append(literal)
        case .only(let only, let literal): if only == dialect { append(literal) }
        case .made(let text): append(text.utf8)
        case .value:
            valueCount += 1
            guard dialect == .postgresql else { return append(CollectionOfOne(UInt8(ascii: "?"))) }
            append(CollectionOfOne(UInt8(ascii: "$")))
            append(String(valueCount).utf8)
        }
    }

    private mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { append($0) }
    }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        _ = buffer[byteCount...].update(fromContentsOf: bytes)
        byteCount += bytes.count
    }
}

/// The database engines that a module runs on without knowing which.
public enum Dialect: String, Sendable, CaseIterable {
    case sqlite
    case postgresql
}

/// Column types for migrations, where the engines differ.
extension Dialect {
    /// A UUID.
    public var uuid: String { self == .sqlite ? "TEXT" : "uuid" }
    /// An instant with microseconds.
    public var timestamp: String { self == .sqlite ? "INTEGER" : "timestamptz" }
    /// JSON, kept byte for byte.
    public var json: String { self == .sqlite ? "TEXT" : "json" }
    /// A decimal fraction.
    public var decimal: String { self == .sqlite ? "TEXT" : "numeric" }
    /// Several texts, in order.
    public var textArray: String { self == .sqlite ? "TEXT" : "text[]" }
    /// A 64-bit integer.
    public var bigint: String { self == .sqlite ? "INTEGER" : "bigint" }
    /// A truth value.
    public var boolean: String { self == .sqlite ? "INTEGER" : "boolean" }
    /// Bytes.
    public var bytes: String { self == .sqlite ? "BLOB" : "bytea" }
    /// A key that the engine counts up and never gives out twice.
    public var identity: String {
        self == .sqlite
            ? "INTEGER PRIMARY KEY AUTOINCREMENT"
            : "bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 1) PRIMARY KEY"
    }
    /// What follows a table's closing parenthesis: SQLite is asked to check column types.
    public var strict: String { self == .sqlite ? "STRICT" : "" }
}
