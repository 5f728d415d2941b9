import ArgumentParser
import Foundation

/// Commits the rows of a database again, one unit of work after the other, by one connection.
///
/// The rows are those that the measured program wrote: each table's rows are dealt out evenly, so
/// many a commit as the program wrote in one. Where the program writes a row once more in the same
/// unit, or changes one that was there before, so does this.
struct ReplayRows: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Commits the rows of a database again by plain SQLite.")

    @Option(help: "The database that the program wrote.")
    var from: String

    @Option(help: "The database to write, which is not there yet.")
    var into: String

    @Option(help: "Units of work to do again: the last ones.")
    var units: Int

    @Option(help: "Units of work that the program did.")
    var total: Int

    @Option(help: "Tables of which a unit changes a row: its own, or one of those from before.")
    var changing: [String] = []

    func run() async throws {
        let source = try PlainSQLite(from, isReadOnly: true)
        let target = try PlainSQLite(into)
        try target.copySchema(of: source)
        let tables = try Self.tables(of: source, total: total, units: units)
        try verify(!tables.isEmpty, "no table has a row for each of \(units) units")
        let statements = try tables.map { try target.prepare($0.insert) }
        let changed = try changing.map { name in
            let own = tables.first { $0.name == name }
            let table = try own ?? Table(name, of: source, rowCount: 0)
            if own == nil {
                let insert = try target.prepare(table.insert)
                for row in table.rows { try insert.run(row) }
            }
            try verify(!table.rows.isEmpty, "\(name) has no row to change")
            return (table, try target.prepare(table.upsert))
        }
        let start = ContinuousClock.now
        for unit in 0..<units {
            try target.run("BEGIN IMMEDIATE")
            for (table, statement) in zip(tables, statements) {
                for row in table.rows(of: unit) { try statement.run(row) }
            }
            for (table, statement) in changed {
                try statement.run(table.rows[unit % table.rows.count])
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
                commits: units, seconds: seconds,
                rowsPerCommit: Dictionary(
                    uniqueKeysWithValues: tables.map { ($0.name, $0.rowCount) }),
                changed: changing))
    }

    private struct Table {
        let name: String
        let columns: [String]
        let keyColumns: [String]
        /// Rows of one unit.
        let rowCount: Int
        let rows: [[PlainSQLite.Value]]

        /// - Parameter count: how many of the last rows are read; all without it.
        init(_ name: String, of source: PlainSQLite, rowCount: Int, last count: Int? = nil) throws {
            self.name = name
            self.rowCount = rowCount
            let infos = try source.rows("SELECT name, pk FROM pragma_table_info('\(name)')")
                .compactMap { row in
                    row[0].string.map { (name: "\"\($0)\"", isKey: row[1].integer != 0) }
                }
            columns = infos.map(\.name)
            keyColumns = infos.filter(\.isKey).map(\.name)
            let all = try source.rows(
                "SELECT \(columns.joined(separator: ", ")) FROM \"\(name)\"")
            rows = Array(all.suffix(count ?? all.count))
            try verify(rows.count == count ?? rows.count, "\(name) has \(rows.count) rows")
        }

        func rows(of unit: Int) -> ArraySlice<[PlainSQLite.Value]> {
            rows[(unit * rowCount)..<((unit + 1) * rowCount)]
        }

        var insert: String {
            let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
            return """
                INSERT INTO "\(name)" (\(columns.joined(separator: ", "))) VALUES (\(marks))
                """
        }

        var upsert: String {
            let changes = columns.filter { !keyColumns.contains($0) }
                .map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            return """
                \(insert)
                ON CONFLICT (\(keyColumns.joined(separator: ", "))) DO UPDATE SET \(changes)
                """
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
            // Those of the last units: the first rows may be from before.
            return try Table(name, of: source, rowCount: rowCount, last: rowCount * units)
        }
    }
}

private struct Replayed: Encodable {
    let commits: Int
    let seconds: Double
    let commitsPerSecond: Double
    let rowsPerCommit: [String: Int]
    let changed: [String]

    init(
        commits: Int, seconds: Double, rowsPerCommit: [String: Int], changed: [String]
    ) {
        self.commits = commits
        self.seconds = seconds
        self.rowsPerCommit = rowsPerCommit
        self.changed = changed
        commitsPerSecond = Double(commits) / seconds
    }
}
