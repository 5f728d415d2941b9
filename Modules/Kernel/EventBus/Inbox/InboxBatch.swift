import Events
import Storage

/// What an inbox knows of the events of one batch, asked once for all of them instead of once for
/// each, in the transaction that handles them, and kept in step with what that transaction does.
///
/// Nobody else can change it meanwhile: SQLite has one writer, and on PostgreSQL all statements of
/// the transaction see what its first one saw.
struct InboxBatch {
    private struct Key: Hashable {
        let log: String
        let text: String

        init(log: String, text: String) { (self.log, self.text) = (log, text) }

        init(_ event: LoggedEvent) { self.init(log: event.log, text: event.envelope.key) }
    }

    private struct Place: Hashable {
        let log: String
        let position: Int64
    }

    private let inbox: Inbox
    private var marks: [Key: Int64] = [:]
    private var discarded: Set<Place> = []
    /// Whether anything at all is parked; seldom, and then each event is looked for by itself.
    private var hasParked: Bool

    init(of events: [LoggedEvent], in inbox: Inbox) throws {
        self.inbox = inbox
        hasParked = try inbox.hasParked()
        for (log, events) in Dictionary(grouping: events, by: \.log) {
            for mark in try inbox.marks(in: log, of: Set(events.map(\.envelope.key)).sorted()) {
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

    /// An event was handled, and its mark set.
    mutating func handled(_ event: LoggedEvent) {
        marks[Key(event)] = max(marks[Key(event)] ?? event.position, event.position)
    }

    /// An event was parked, and its mark set.
    mutating func parked(_ event: LoggedEvent) {
        handled(event)
        hasParked = true
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
            WHERE consumer = \(consumer) AND log = \(log) AND key
                \(only: .postgresql, "= ANY (")
                \(only: .sqlite, "IN (SELECT value FROM json_each(")
                \(keys)\(only: .sqlite, ")"))
            """
        ).map { (try $0.get("key"), try $0.get("position")) }
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
