import Events
import Foundation
import Storage

extension Inbox {
    /// The highest position of a log that was handled or put aside; 0 when there is none.
    func furthest(in log: String) throws -> Int64 {
        var furthest: Int64 = 0
        for table: SQL in ["inbox_handled", "inbox_parked"] {
            let highest = try transaction.first(
                """
                SELECT MAX(position) AS position FROM \(table)
                WHERE consumer = \(consumer) AND log = \(log)
                """)?.get("position", as: Int64?.self)
            furthest = max(furthest, highest ?? 0)
        }
        return furthest
    }

    /// Whether events of a received stream after a place were handled or put aside.
    func hasTaken(fromReceived stream: String, after place: Int64) throws -> Bool {
        for table: SQL in ["inbox_handled", "inbox_parked"] {
            let taken = try transaction.first(
                """
                SELECT 1 AS one FROM inbox_events e JOIN \(table) t
                    ON t.log = e.log AND t.position = e.log_position
                WHERE e.stream = \(stream) AND e.position > \(place)
                    AND t.consumer = \(consumer) LIMIT 1
                """)
            if taken != nil { return true }
        }
        return false
    }

    /// Forgets that events of a stream after an offset were handled, so that they are again. Those
    /// that are parked were not, and stay where they are.
    func forget(
        _ stream: String, after offset: Int64, _ offsets: StreamOffsets
    ) throws {
        switch offsets {
        case .positions: try forget(log: stream, after: offset)
        case .received: try forget(received: stream, after: offset)
        }
    }

    /// Each key's events of one log lie in one stream, in their order: the mark goes back to before
    /// the first of them.
    private func forget(received stream: String, after offset: Int64) throws {
        try transaction.execute(
            """
            DELETE FROM inbox_handled
            WHERE consumer = \(consumer) AND outcome <> \(Outcome.discarded) AND EXISTS (
                SELECT 1 FROM inbox_events e
                WHERE e.stream = \(stream) AND e.position > \(offset)
                    AND e.log = inbox_handled.log AND e.log_position = inbox_handled.position)
            """)
        let firsts = try transaction.rows(
            """
            SELECT log, key, MIN(log_position) AS position FROM inbox_events
            WHERE stream = \(stream) AND position > \(offset) GROUP BY log, key
            """)
        for first in firsts {
            let position = try first.get("position", as: Int64.self) - 1
            try transaction.execute(
                """
                UPDATE inbox_marks SET position = \(position)
                WHERE consumer = \(consumer) AND log = \(first.get("log", as: String.self))
                    AND key = \(first.get("key", as: String.self)) AND position > \(position)
                """)
        }
    }

    private func forget(log: String, after position: Int64) throws {
        try transaction.execute(
            """
            DELETE FROM inbox_handled
            WHERE consumer = \(consumer) AND log = \(log) AND position > \(position)
                AND outcome <> \(Outcome.discarded)
            """)
        try transaction.execute(
            """
            UPDATE inbox_marks SET position = \(position)
            WHERE consumer = \(consumer) AND log = \(log) AND position > \(position)
            """)
    }

    /// Up to where a stream was heard before, when it is now taken up to that place: a replay that
    /// has not come to its end leaves it to the next.
    func end(of stream: String, from place: Int64) throws -> Int64 {
        let end = try transaction.first(
            """
            SELECT MAX(to_offset) AS offset FROM inbox_replays
            WHERE consumer = \(consumer) AND stream = \(stream) AND begun_at IS NOT NULL
                AND ended_at IS NULL
            """)?.get("offset", as: Int64?.self)
        return max(place, end ?? 0)
    }

    /// Begins a replay, in place of the one that goes on if one does.
    func begin(
        _ request: Consumer.Request, from start: Int64, to end: Int64, at now: Date
    ) throws {
        let (number, stream) = (request.replay.number, request.stream)
        try transaction.execute(
            """
            UPDATE inbox_replays SET ended_at = \(now)
            WHERE consumer = \(consumer) AND stream = \(stream) AND number < \(number)
                AND ended_at IS NULL
            """)
        try transaction.execute(
            """
            UPDATE inbox_replays
            SET from_offset = \(start), to_offset = \(end), begun_at = \(now)
            WHERE consumer = \(consumer) AND number = \(number) AND stream = \(stream)
            """)
    }

    /// A replay of a log, whether or not it has ended.
    func replay(_ number: Int64, of log: String) throws -> Replay? {
        try transaction.first(
            """
            SELECT \(Replay.columns) FROM inbox_replays
            WHERE consumer = \(consumer) AND number = \(number) AND stream = \(log)
            """
        ).map { try Replay($0) }
    }
}

extension Replay {
    static let columns: SQL =
        "number, from_offset, to_offset, is_rebuild, with_effects, begun_at"

    init(_ row: Row) throws {
        self.init(
            number: try row.get("number"), from: try row.get("from_offset"),
            to: try row.get("to_offset"), isRebuild: try row.get("is_rebuild"),
            withEffects: try row.get("with_effects"),
            hasBegun: try row.get("begun_at", as: Date?.self) != nil)
    }
}
