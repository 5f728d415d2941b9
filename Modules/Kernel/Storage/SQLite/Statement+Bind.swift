import Events
import Foundation
import GRDB
import GRDBSQLite

extension Statement {
    /// Binds values by SQLite's own interface.
    ///
    /// GRDB's takes any sequence of anything that can be stored, and spends more time on finding
    /// out what that is than SQLite on short statements.
    func bind(_ values: [SQLValue]) throws {
        // Resets the statement, and lets GRDB know that it has nothing to bind or to check.
        setUncheckedArguments(StatementArguments())
        let count = sqlite3_bind_parameter_count(sqliteStatement)
        guard count == values.count else {
            throw DatabaseError(
                resultCode: .SQLITE_MISUSE, message: "\(values.count) values for \(count)")
        }
        for (index, value) in values.enumerated() {
            if case .text(let text) = value, text.utf8.contains(0) { throw StorageError.nulInText }
            let code = value.bind(to: sqliteStatement, at: Int32(index + 1))
            guard code == SQLITE_OK else {
                throw DatabaseError(resultCode: ResultCode(rawValue: code))
            }
        }
    }

    /// Lets go of what was bound: a statement is kept for the next time, large values are not.
    func unbind() { sqlite3_clear_bindings(sqliteStatement) }
}

extension Statement {
    /// The values of the row at hand, read by SQLite's own interface: GRDB's asks for the name of
    /// each column of each row.
    func values() -> [SQLValue] {
        (0..<Int32(columnCount)).map { SQLValue(sqliteStatement, at: $0) }
    }
}

extension SQLValue {
    fileprivate init(_ statement: OpaquePointer, at index: Int32) {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: self = .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: self = .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            self = .text(
                String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let bytes = sqlite3_column_blob(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            self = .blob(Data(UnsafeRawBufferPointer(start: bytes, count: count)))
        default: self = .null
        }
    }

    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let value): sqlite3_bind_int64(statement, index, value)
        case .real(let value): sqlite3_bind_double(statement, index, value)
        case .text(let value): Self.bind(value, to: statement, at: index)
        case .blob(let value): Self.bind(value, to: statement, at: index)
        case .bool(let value): sqlite3_bind_int64(statement, index, value ? 1 : 0)
        case .uuid(let value):
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: UUID.textByteCount) { text in
                value.write(to: text)
                return Self.bind(UnsafeBufferPointer(text), to: statement, at: index)
            }
        case .timestamp(let value): sqlite3_bind_int64(statement, index, value.microseconds)
        case .json(let value):
            value.withUnsafeBytes { bytes in
                Self.bind(bytes.bindMemory(to: UInt8.self), to: statement, at: index)
            }
        case .decimal(let value): Self.bind("\(value)", to: statement, at: index)
        case .array(let values):
            Self.bind(SQLValue.jsonText(of: values), to: statement, at: index)
        }
    }

    private static func bind(
        _ text: String, to statement: OpaquePointer, at index: Int32
    ) -> Int32 {
        var text = text
        return text.withUTF8 { bind($0, to: statement, at: index) }
    }

    private static func bind(
        _ text: UnsafeBufferPointer<UInt8>, to statement: OpaquePointer, at index: Int32
    ) -> Int32 {
        // Without bytes there may be no address, which SQLite would take for NULL.
        guard !text.isEmpty else { return sqlite3_bind_text(statement, index, "", 0, isCopied) }
        return text.withMemoryRebound(to: CChar.self) {
            sqlite3_bind_text(statement, index, $0.baseAddress, Int32($0.count), isCopied)
        }
    }

    private static func bind(
        _ bytes: Data, to statement: OpaquePointer, at index: Int32
    ) -> Int32 {
        // Without bytes there is no address, which SQLite would take for NULL.
        guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return bytes.withUnsafeBytes {
            sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), isCopied)
        }
    }

    /// `SQLITE_TRANSIENT`, a macro that Swift does not see: SQLite copies the bytes at once.
    private static let isCopied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
