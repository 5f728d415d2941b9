import Foundation
import GRDB

/// One GRDB connection behind the kernel's statements. Lives on that connection's queue.
final class SQLiteConnection: SQLConnection {
    private let db: GRDB.Database

    init(_ db: GRDB.Database) { self.db = db }

    var dialect: Dialect { .sqlite }

    func execute(_ text: String, _ values: [SQLValue]) throws {
        try translatingErrors {
            let statement = try db.cachedStatement(sql: text)
            try statement.execute(arguments: StatementArguments(values.map(\.databaseValue)))
        }
    }

    func executeCounting(_ text: String, _ values: [SQLValue]) throws -> Int {
        try execute(text, values)
        return db.changesCount
    }

    func query(_ text: String, _ values: [SQLValue]) throws -> [Row] {
        try translatingErrors {
            let statement = try db.cachedStatement(sql: text)
            let columns = statement.columnNames
            let cursor = try GRDB.Row.fetchCursor(
                statement, arguments: StatementArguments(values.map(\.databaseValue)))
            var rows: [Row] = []
            while let row = try cursor.next() {
                rows.append(Row(columns: columns, values: row.databaseValues.map(SQLValue.init)))
            }
            return rows
        }
    }

    func settle() {}

    func run(script: String) throws { try translatingErrors { try db.execute(sql: script) } }

    private func translatingErrors<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StorageError(error)
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let value): value.databaseValue
        case .bool(let value): (value ? 1 : 0).databaseValue
        case .uuid(let value): value.uuidString.lowercased().databaseValue
        case .timestamp(let value): value.microseconds.databaseValue
        case .json(let value): String(decoding: value, as: UTF8.self).databaseValue
        case .decimal(let value): "\(value)".databaseValue
        case .array(let values): SQLValue.jsonText(of: values).databaseValue
        }
    }

    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob(value)
        }
    }
}

extension StorageError {
    /// Keeps SQLite's result code and message; the message names tables and columns, not values.
    init(_ error: DatabaseError) {
        let kind: Kind =
            switch error.extendedResultCode {
            case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY: .uniqueViolation
            default:
                switch error.resultCode {
                case .SQLITE_CONSTRAINT: .constraintViolation
                case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
                case .SQLITE_FULL, .SQLITE_IOERR: .full
                case .SQLITE_CANTOPEN, .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_READONLY,
                    .SQLITE_NOMEM, .SQLITE_INTERRUPT:
                    .unavailable
                default: .statement
                }
            }
        self.init(
            kind: kind, code: "SQLITE_\(error.extendedResultCode.rawValue)",
            detail: error.message ?? "no message")
    }
}
