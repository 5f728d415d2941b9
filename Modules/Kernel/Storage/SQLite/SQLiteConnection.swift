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
            try statement.bind(values)
            defer { statement.unbind() }
            try statement.execute()
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
            try statement.bind(values)
            defer { statement.unbind() }
            let cursor = try GRDB.Row.fetchCursor(statement)
            var rows: [Row] = []
            while try cursor.next() != nil {
                rows.append(Row(columns: columns, values: statement.values()))
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
