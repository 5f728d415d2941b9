import Foundation
import GRDBSQLite

/// One connection of SQLite's C interface, without anything around it.
final class PlainSQLite {
    enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text([UInt8])
        case blob([UInt8])
    }

    private let handle: OpaquePointer

    /// Opens a file; one that is written is in WAL mode and waits for the disk at each commit.
    init(_ path: String, isReadOnly: Bool = false) throws {
        var handle: OpaquePointer?
        let flags =
            isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            throw WrongResult("\(path) can't be opened")
        }
        self.handle = handle
        guard !isReadOnly else { return }
        try run("PRAGMA journal_mode = WAL")
        try run("PRAGMA synchronous = FULL")
        // As the program does.
        try run("PRAGMA wal_autocheckpoint = 4000")
    }

    deinit { sqlite3_close_v2(handle) }

    func run(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw WrongResult("\(String(cString: sqlite3_errmsg(handle))): \(sql)")
        }
    }

    func prepare(_ sql: String) throws -> Statement {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK,
            let statement
        else { throw WrongResult("\(String(cString: sqlite3_errmsg(handle))): \(sql)") }
        return Statement(statement)
    }

    func rows(_ sql: String) throws -> [[Value]] {
        let statement = try prepare(sql)
        var rows: [[Value]] = []
        while try statement.step() { rows.append(statement.row) }
        return rows
    }

    func count(of table: String) throws -> Int {
        guard case .integer(let count) = try rows("SELECT COUNT(*) FROM \"\(table)\"").first?.first
        else { return 0 }
        return Int(count)
    }

    /// Makes the same tables and indexes as another file has.
    func copySchema(of other: PlainSQLite) throws {
        let scripts = try other.rows(
            """
            SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
                AND type IN ('table', 'index') ORDER BY type DESC, rowid
            """)
        for script in scripts { try run(script.first?.string ?? "") }
    }

    /// A prepared statement, used again and again.
    final class Statement {
        private let handle: OpaquePointer

        init(_ handle: OpaquePointer) { self.handle = handle }

        deinit { sqlite3_finalize(handle) }

        /// Runs it once with these values.
        func run(_ values: [Value]) throws {
            for (index, value) in values.enumerated() { bind(value, at: Int32(index + 1)) }
            guard sqlite3_step(handle) == SQLITE_DONE else {
                let text = String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
                sqlite3_reset(handle)
                throw WrongResult(text)
            }
            sqlite3_reset(handle)
        }

        fileprivate func step() throws -> Bool {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: true
            case SQLITE_DONE: false
            default:
                throw WrongResult(String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
            }
        }

        private func bind(_ value: Value, at index: Int32) {
            switch value {
            case .null: sqlite3_bind_null(handle, index)
            case .integer(let value): sqlite3_bind_int64(handle, index, value)
            case .real(let value): sqlite3_bind_double(handle, index, value)
            case .text(let bytes):
                bytes.withUnsafeBytes {
                    _ = sqlite3_bind_text(
                        handle, index, $0.baseAddress?.assumingMemoryBound(to: CChar.self),
                        Int32($0.count), Self.isCopied)
                }
            case .blob(let bytes):
                bytes.withUnsafeBytes {
                    _ = sqlite3_bind_blob(
                        handle, index, $0.baseAddress, Int32($0.count), Self.isCopied)
                }
            }
        }

        /// SQLITE_TRANSIENT, whose definition Swift can't import.
        private static let isCopied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

        fileprivate var row: [Value] {
            (0..<sqlite3_column_count(handle)).map { index in
                switch sqlite3_column_type(handle, index) {
                case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, index))
                case SQLITE_FLOAT: .real(sqlite3_column_double(handle, index))
                case SQLITE_TEXT: .text(bytes(at: index))
                case SQLITE_BLOB: .blob(bytes(at: index))
                default: .null
                }
            }
        }

        private func bytes(at index: Int32) -> [UInt8] {
            guard let start = sqlite3_column_blob(handle, index) else { return [] }
            let count = Int(sqlite3_column_bytes(handle, index))
            return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
        }
    }
}

extension PlainSQLite.Value {
    var string: String? {
        if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }
}
