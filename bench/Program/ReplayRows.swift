import ArgumentParser
import Foundation

/// Commits the rows of a database again, one unit of work after the other, by one connection.
///
/// The rows are those that the measured program wrote: each table's rows are dealt out evenly, so
/// many a commit as the program wrote in one.
struct ReplayRows: AsyncParsableCommand {
    @Option(help: "The database that the program wrote.")
    var from: String

    @Option(help: "The database to write, which is not there yet.")
    var into: String

    @Option(help: "Units of work to do again: the last ones.")
    var units: Int

    @Option(help: "Units of work that the program did.")
    var total: Int

    func run() async throws {
        let source = try PlainSQLite(from, isReadOnly: true)
        let target = try PlainSQLite(into)
        try target.copySchema(of: source)
        let tables = try Self.tables(of: source, total: total, units: units)
        try verify(!tables.isEmpty, "no table has a row for each of \(units) units")
        let statements = try tables.map { table in
            let marks = Array(repeating: "?", count: table.columns.count).joined(separator: ", ")
            let columns = table.columns.map { "\"\($0)\"" }.joined(separator: ", ")
            return try target.prepare(
                "INSERT INTO \"\(table.name)\" (\(columns)) VALUES (\(marks))")
        }
        let start = ContinuousClock.now
        for unit in 0..<units {
            try target.run("BEGIN IMMEDIATE")
            for (table, statement) in zip(tables, statements) {
                for row in table.rows(of: unit) { try statement.run(row) }
            }
            try target.run("COMMIT")
        }
        let seconds = (ContinuousClock.now - start).seconds
        for table in tables {
            let count = try target.count(of: table.name)
            try verify(count == table.rowCount * units, "\(table.name) has \(count) rows")
        }
        try say(
            Replayed(
                commits: units, seconds: seconds, commitsPerSecond: Double(units) / seconds,
                rowsPerCommit: Dictionary(
                    uniqueKeysWithValues: tables.map { ($0.name, $0.rowCount) })))
    }

    private struct Table {
        let name: String
        let columns: [String]
        /// Rows of one unit.
        let rowCount: Int
        let rows: [[PlainSQLite.Value]]

        func rows(of unit: Int) -> ArraySlice<[PlainSQLite.Value]> {
            rows[(unit * rowCount)..<((unit + 1) * rowCount)]
        }
    }

    /// The tables that have rows of each unit; not those of consumers and of the bus's own work.
    private static func tables(
        of source: PlainSQLite, total: Int, units: Int
    ) throws -> [Table] {
        let names = try source.rows(
            """
            SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                AND name NOT LIKE 'inbox_%' AND name NOT LIKE 'bus_%'
                AND name NOT LIKE 'schema_%'
            """
        ).compactMap { $0.first?.string }
        return try names.compactMap { name in
            // Some units may have been without a row here, as orders without a key are.
            let rowCount = Int((Double(try source.count(of: name)) / Double(total)).rounded())
            guard rowCount > 0 else { return nil }
            let columns = try source.rows("PRAGMA table_info(\"\(name)\")")
                .compactMap { $0.dropFirst().first?.string }
            let list = columns.map { "\"\($0)\"" }.joined(separator: ", ")
            // Those of the last units: the first rows may be from before.
            let rows = try source.rows("SELECT \(list) FROM \"\(name)\"").suffix(rowCount * units)
            return Table(name: name, columns: columns, rowCount: rowCount, rows: Array(rows))
        }
    }
}

private struct Replayed: Encodable {
    let commits: Int
    let seconds: Double
    let commitsPerSecond: Double
    let rowsPerCommit: [String: Int]
}
