import ArgumentParser
import Foundation

/// Writes the rows of a run of the bus again by plain SQLite: the log, and each consumer's record,
/// mark and cursor, in the same files and tables, a batch a transaction.
struct ReplayEvents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the rows of a run of the bus again by plain SQLite.")

    @Option(help: "The directory with the databases that the bus wrote.")
    var from: String

    @Option(help: "The directory to write, which is empty.")
    var into: String

    @Option(help: "Events of one transaction.")
    var batch = 100

    func run() async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: from)
            .filter { $0.hasSuffix(".sqlite") }.sorted()
        let log = try Log(from: "\(from)/source.sqlite", into: "\(into)/source.sqlite")
        let inboxes = try files.filter { $0 != "source.sqlite" }.map {
            try Inbox(from: "\(from)/\($0)", into: "\(into)/\($0)", keys: log.keys)
        }
        let count = log.rows.count
        try verify(count > 0 && !inboxes.isEmpty, "there is nothing to write")
        let start = ContinuousClock.now
        for first in stride(from: 0, to: count, by: batch) {
            let range = first..<min(first + batch, count)
            try log.write(range)
            for inbox in inboxes { try inbox.write(range) }
        }
        let seconds = (ContinuousClock.now - start).seconds
        for inbox in inboxes { try inbox.check() }
        let written = try log.target.count(of: "outbox_events")
        try verify(written == count, "\(written) of \(count) events were written")
        try say(Measured(events: count, seconds: seconds))
    }
}

/// The publisher's log.
private struct Log {
    let target: PlainSQLite
    let rows: [[PlainSQLite.Value]]
    /// By position.
    let keys: [Int64: PlainSQLite.Value]
    private let insert: PlainSQLite.Statement

    private static let columns = """
        position, event_id, type, topic, key, time, correlation_id, causation_id, caused_in,
        request_id, traceparent, transaction_id, data
        """

    init(from: String, into: String) throws {
        let source = try PlainSQLite(from, isReadOnly: true)
        target = try PlainSQLite(into)
        try target.copySchema(of: source)
        rows = try source.rows("SELECT \(Self.columns) FROM outbox_events ORDER BY position")
        var keys: [Int64: PlainSQLite.Value] = [:]
        for row in rows {
            if case .integer(let position) = row[0] { keys[position] = row[4] }
        }
        self.keys = keys
        insert = try target.prepare(
            """
            INSERT INTO outbox_events (\(Self.columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
    }

    func write(_ range: Range<Int>) throws {
        try target.run("BEGIN IMMEDIATE")
        for row in rows[range] { try insert.run(row) }
        try target.run("COMMIT")
    }
}

/// What the consumers of one module remember.
private struct Inbox {
    private let target: PlainSQLite
    private let consumers: [[[PlainSQLite.Value]]]
    private let keys: [Int64: PlainSQLite.Value]
    private let record: PlainSQLite.Statement
    private let mark: PlainSQLite.Statement
    private let move: PlainSQLite.Statement

    private static let columns =
        "consumer, log, position, attempts, handled_at, duration_us, outcome"

    init(from: String, into: String, keys: [Int64: PlainSQLite.Value]) throws {
        let source = try PlainSQLite(from, isReadOnly: true)
        target = try PlainSQLite(into)
        try target.copySchema(of: source)
        self.keys = keys
        let names = try source.rows("SELECT DISTINCT consumer FROM inbox_handled")
            .compactMap { $0.first?.string }
        consumers = try names.map { name in
            try source.rows(
                """
                SELECT \(Self.columns) FROM inbox_handled WHERE consumer = '\(name)'
                ORDER BY position
                """)
        }
        record = try target.prepare(
            "INSERT INTO inbox_handled (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?)")
        mark = try target.prepare(
            """
            INSERT INTO inbox_marks (consumer, log, key, position) VALUES (?, ?, ?, ?)
            ON CONFLICT (consumer, log, key) DO UPDATE SET position = excluded.position
            """)
        move = try target.prepare(
            """
            INSERT INTO inbox_cursors (consumer, stream, position, moved_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (consumer, stream)
            DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at
            """)
    }

    func write(_ range: Range<Int>) throws {
        for rows in consumers {
            try target.run("BEGIN IMMEDIATE")
            for row in rows[range] {
                guard case .integer(let position) = row[2], let key = keys[position] else {
                    throw WrongResult("an event is not in the log")
                }
                try mark.run([row[0], row[1], key, row[2]])
                try record.run(row)
            }
            if let last = rows[range].last { try move.run([last[0], last[1], last[2], last[4]]) }
            try target.run("COMMIT")
        }
    }

    func check() throws {
        let count = try target.count(of: "inbox_handled")
        let expected = consumers.reduce(0) { $0 + $1.count }
        try verify(count == expected, "\(count) of \(expected) records were written")
    }
}
