import Events
import Foundation
import Storage

// A consumer that is moved would otherwise work through everything that either way has kept.
extension Cutover {
    /// Puts the consumers' places in what the broker brought behind what they have taken of the
    /// logs themselves: before the first event that they may not have taken.
    static func seedStreams(
        of consumers: [Subscription], from logs: [String], at now: Date,
        in transaction: Transaction
    ) throws {
        let streams = try transaction.rows("SELECT stream, topic, position FROM inbox_streams")
            .map { row in
                (
                    stream: try row.get("stream", as: String.self),
                    topic: try row.get("topic", as: Topic.self),
                    end: try row.get("position", as: Int64.self)
                )
            }
        for consumer in consumers {
            let inbox = Inbox(consumer: consumer.consumer, transaction: transaction)
            let taken = try logs.map { ($0, try inbox.cursor(of: $0) ?? 0) }
            for (stream, topic, end) in streams
            where consumer.topics?.contains(topic) ?? true {
                let first = try firstUntaken(in: stream, taken, transaction)
                let place = first.map { $0 - 1 } ?? end
                guard try place > inbox.cursor(of: stream) ?? 0 else { continue }
                try inbox.moveCursor(of: stream, to: place, at: now)
            }
        }
    }

    private static func firstUntaken(
        in stream: String, _ taken: [(log: String, position: Int64)], _ transaction: Transaction
    ) throws -> Int64? {
        var query: SQL = """
            SELECT MIN(position) AS first FROM inbox_events WHERE stream = \(stream)
            """
        for (log, position) in taken {
            query = query + " AND NOT (log = \(log) AND log_position <= \(position))"
        }
        return try transaction.first(query)?.get("first", as: Int64?.self)
    }

    /// Puts the consumers' places in the logs behind what they have taken of them over the broker:
    /// before the first event that may not have come, or was not taken.
    static func seedLogs(
        of consumers: [Subscription], from logs: [String], at now: Date,
        in transaction: Transaction
    ) throws {
        for consumer in consumers {
            let inbox = Inbox(consumer: consumer.consumer, transaction: transaction)
            for log in logs {
                guard let place = try taken(of: log, inbox), try place > inbox.cursor(of: log) ?? 0
                else { continue }
                try inbox.moveCursor(of: log, to: place, at: now)
            }
        }
    }

    /// Up to where a consumer has certainly taken a log over the broker; `nil` when it has heard
    /// nothing of it. A partition brings a log in order, so that what is missing of it lies behind
    /// the last that came.
    private static func taken(of log: String, _ inbox: Inbox) throws -> Int64? {
        try inbox.transaction.rows(
            """
            SELECT MAX(e.log_position) AS last, MIN(
                CASE WHEN e.position > COALESCE(c.position, s.dropped_to)
                    THEN e.log_position END) AS untaken
            FROM inbox_events e
                JOIN inbox_streams s ON s.stream = e.stream
                LEFT JOIN inbox_cursors c
                    ON c.stream = e.stream AND c.consumer = \(inbox.consumer)
            WHERE e.log = \(log) GROUP BY e.stream
            """
        ).map { row in
            try row.get("untaken", as: Int64?.self).map { $0 - 1 }
                ?? row.get("last", as: Int64.self)
        }.min()
    }

    /// Of what was published of a log after everybody's place, up to a position, the events that
    /// the broker has not brought.
    func missingCount(of log: Standing.Log) async throws -> Int {
        guard let publisher = publishers.first(where: { $0.module == log.log }) else { return 0 }
        let (from, to) = (log.taken.values.min() ?? 0, log.newest)
        let topics = heardTopics(of: log.log)
        let published = try await publisher.database.read { transaction in
            try topics.reduce(0) { count, topic in
                let row = try transaction.first(
                    """
                    SELECT COUNT(*) AS n FROM outbox_events
                    WHERE topic = \(topic) AND position > \(from) AND position <= \(to)
                    """)
                return try count + (row?.get("n") ?? 0)
            }
        }
        let received = try await inDatabase { transaction in
            try transaction.first(
                """
                SELECT COUNT(*) AS n FROM inbox_events
                WHERE log = \(log.log) AND log_position > \(from) AND log_position <= \(to)
                """)?.get("n", as: Int.self) ?? 0
        }
        return max(0, published - received)
    }
}
