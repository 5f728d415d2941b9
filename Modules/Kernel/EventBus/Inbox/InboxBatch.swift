import Events
import Foundation
import Storage

/// What an inbox knows of the events of one batch, asked once for all of them instead of once for
/// each, in the transaction that handles them, and kept in step with what that transaction does.
/// What it handled is remembered at the end, for all of them at once.
///
/// Nobody else can change it meanwhile: SQLite has one writer, and on PostgreSQL all statements of
/// the transaction see what its first one saw.
struct InboxBatch {
    private struct Key: Hashable {
        let log: String
        /// Bytes, as the databases compare keys: to Swift, two ways to write an é are one text.
        let bytes: [UInt8]

        init(log: String, text: String) { (self.log, bytes) = (log, Array(text.utf8)) }

        init(_ event: LoggedEvent) { self.init(log: event.log, text: event.envelope.key) }

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private struct Place: Hashable {
        let log: String
        let position: Int64
    }

    private struct Handled {
        let key: Key
        let position: Int64
        let duration: Duration
    }

    private let inbox: Inbox
    private var marks: [Key: Int64] = [:]
    private var discarded: Set<Place> = []
    /// What is to be remembered, by log.
    private var handled: [String: [Handled]] = [:]
    /// Whether anything at all is parked; seldom, and then each event is looked for by itself.
    private var hasParked: Bool

    init(of events: [LoggedEvent], in inbox: Inbox) throws {
        self.inbox = inbox
        hasParked = try inbox.hasParked()
        for (log, events) in Dictionary(grouping: events, by: \.log) {
            for mark in try inbox.marks(in: log, of: Set(events.map { Key($0) }).map(\.text)) {
                marks[Key(log: log, text: mark.key)] = mark.position
            }
            let positions = events.map(\.position)
            guard let first = positions.min(), let last = positions.max() else { continue }
            for position in try inbox.discarded(in: log, between: first, and: last) {
                discarded.insert(Place(log: log, position: position))
            }
        }
    }

    /// As ``Inbox/isTaken(_:)``.
    func isTaken(_ event: LoggedEvent) throws -> Bool {
        if let mark = marks[Key(event)], mark >= event.position { return true }
        if discarded.contains(Place(log: event.log, position: event.position)) { return true }
        return try hasParked && inbox.isParked(event)
    }

    /// As ``Inbox/isBlocked(_:)``.
    func isBlocked(_ event: LoggedEvent) throws -> Bool {
        try hasParked && inbox.isBlocked(event)
    }

    /// An event was handled; it is remembered by ``store(at:)``.
    mutating func handled(_ event: LoggedEvent, in duration: Duration) {
        mark(event)
        handled[event.log, default: []].append(
            Handled(key: Key(event), position: event.position, duration: duration))
    }

    /// An event was parked, and its mark set.
    mutating func parked(_ event: LoggedEvent) {
        mark(event)
        hasParked = true
    }

    private mutating func mark(_ event: LoggedEvent) {
        marks[Key(event)] = max(marks[Key(event)] ?? event.position, event.position)
    }

    /// Remembers what was handled, in the transaction in which it was.
    func store(at now: Date) throws {
        for (log, events) in handled {
            try inbox.finish(events.map { ($0.position, $0.duration) }, of: log, at: now)
            let places = Dictionary(
                events.map { ($0.key, $0.position) }, uniquingKeysWith: { max($0, $1) })
            try inbox.mark(places.map { ($0.key.text, $0.value) }, in: log)
        }
    }
}

extension Inbox {
    fileprivate func hasParked() throws -> Bool {
        try transaction.first(
            "SELECT 1 AS one FROM inbox_parked WHERE consumer = \(consumer) LIMIT 1") != nil
    }

    fileprivate func marks(
        in log: String, of keys: [String]
    ) throws -> [(key: String, position: Int64)] {
        try transaction.rows(
            """
            SELECT key, position FROM inbox_marks
            WHERE consumer = \(consumer) AND log = \(log) AND key \(among: keys)
            """
        ).map { (try $0.get("key"), try $0.get("position")) }
    }

    /// As ``finish(_:as:wasParked:attempts:at:took:)``, of events that were handled at the first
    /// attempt.
    fileprivate func finish(
        _ events: [(position: Int64, duration: Duration)], of log: String, at now: Date
    ) throws {
        let pairs = events.map { "[\($0.position),\(Int64($0.duration / .microseconds(1)))]" }
        try transaction.execute(
            """
            INSERT INTO inbox_handled
                (consumer, log, position, attempts, handled_at, duration_us, outcome)
            SELECT \(consumer), \(log), CAST(pair.value ->> 0 AS bigint), 1, \(now),
                CAST(pair.value ->> 1 AS bigint), \(Outcome.handled)
            FROM \(Self.elements)(\(Self.json(pairs))) AS pair WHERE true
            ON CONFLICT (consumer, log, position) DO UPDATE
            SET attempts = excluded.attempts, handled_at = excluded.handled_at,
                duration_us = excluded.duration_us, outcome = excluded.outcome
            """)
    }

    /// As ``mark(_:)``, of many keys.
    fileprivate func mark(
        _ places: [(key: String, position: Int64)], in log: String
    ) throws {
        let pairs = try places.map { "[\(try Self.quoted($0.key)),\($0.position)]" }
        try transaction.execute(
            """
            INSERT INTO inbox_marks (consumer, log, key, position)
            SELECT \(consumer), \(log), pair.value ->> 0, CAST(pair.value ->> 1 AS bigint)
            FROM \(Self.elements)(\(Self.json(pairs))) AS pair WHERE true
            ON CONFLICT (consumer, log, key) DO UPDATE SET position = excluded.position
            WHERE excluded.position > inbox_marks.position
            """)
    }

    /// The function that makes rows of a JSON array; one text for any number of them, so that it
    /// is prepared once.
    private static let elements: SQL =
        "\(only: .sqlite, "json_each")\(only: .postgresql, "json_array_elements")"

    private static func json(_ elements: [String]) -> JSON {
        JSON(Data("[\(elements.joined(separator: ","))]".utf8))
    }

    /// A JSON string; nearly all keys are ids, which need no care.
    private static func quoted(_ key: String) throws -> String {
        let isPlain = key.utf8.allSatisfy { byte in
            (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"")
                && byte != UInt8(ascii: "\\")
        }
        guard !isPlain else { return "\"\(key)\"" }
        return String(decoding: try FlotillaJSON.encode(key), as: UTF8.self)
    }

    fileprivate func discarded(
        in log: String, between first: Int64, and last: Int64
    ) throws -> [Int64] {
        try transaction.rows(
            """
            SELECT position FROM inbox_handled
            WHERE consumer = \(consumer) AND log = \(log)
                AND position BETWEEN \(first) AND \(last) AND outcome = \(Outcome.discarded)
            """
        ).map { try $0.get("position") }
    }
}
