import Events
import Foundation
import Logging
package import Storage
import Synchronization

/// Takes into a module's database what a broker brings, once for all of the module's consumers.
///
/// What was taken and how far the broker's partition was read move in one transaction, so that the
/// broker's own memory of it is only for those who look: after any accident, reading goes on where
/// the database says. A row of `inbox_streams` is locked first, so that of two processes that both
/// believe they have the partition the later one finds what the earlier has stored.
package final class Intake: Sendable {
    /// The module.
    package let module: String
    private let database: Database
    private let environment: BusEnvironment
    private let consumers = Mutex<[(name: String, topics: Set<Topic>?, wake: Signal)]>([])
    private let received: Signal

    /// - Parameter received: raised after something was taken, for whoever tells other processes.
    package init(
        module: String, database: Database, environment: BusEnvironment, received: Signal
    ) {
        self.module = module
        self.database = database
        self.environment = environment
        self.received = received
    }

    /// Whether the work is to end.
    package var isStopping: Bool { environment.isStopping }

    /// Adds a consumer that is told when something for it has come.
    func add(_ consumer: String, topics: Set<Topic>?, wake: Signal) {
        consumers.withLock { $0.append((consumer, topics, wake)) }
    }

    /// Whether nobody here consumes.
    var isIdle: Bool { consumers.withLock(\.isEmpty) }

    /// What its consumers hear; `nil` for everything.
    var topics: Set<Topic>? {
        let all = consumers.withLock { $0.map(\.topics) }
        return all.contains(nil) ? nil : Set(all.compactMap(\.self).joined())
    }

    /// Where to read a broker's partition on, and how to know that it is still the same.
    package struct Place: Sendable, Hashable {
        /// The broker's offset of the next message.
        package let next: Int64
        /// Of the message before it.
        package let fingerprint: Int64?
    }

    /// How far a stream was read; `nil` before its first event.
    ///
    /// - Throws: `StorageError`.
    package func place(in stream: String) async throws -> Place? {
        try await database.read { transaction in
            try transaction.first(
                "SELECT next_offset, fingerprint FROM inbox_streams WHERE stream = \(stream)"
            ).map {
                Place(next: try $0.get("next_offset"), fingerprint: try $0.get("fingerprint"))
            }
        }
    }

    /// Lets a stream be read from its beginning, since the broker's partition is another one now.
    /// What was taken before is known by its id.
    ///
    /// - Throws: `StorageError`.
    package func restart(_ stream: String) async throws {
        try await database.write { transaction in
            try transaction.execute(
                """
                UPDATE inbox_streams SET next_offset = 0, fingerprint = NULL
                WHERE stream = \(stream)
                """)
        }
    }

    /// Takes a piece of a broker's partition. What was taken before is left out.
    ///
    /// - Throws: `StorageError`; nothing is taken then.
    package func take(_ piece: ReceivedPiece) async throws {
        do {
            try await store(piece)
        } catch let error as StorageError where !error.isTransient && error.kind != .conflict {
            // One of them is such that the database does not take it. The others go on.
            for item in piece.items { try await take(item, of: piece) }
        }
        wakeConsumers(of: piece.topic)
    }

    private func take(_ item: ReceivedPiece.Item, of piece: ReceivedPiece) async throws {
        do {
            try await store(piece.with([item]))
        } catch let error as StorageError where !error.isTransient && error.kind != .conflict {
            let message = UnreadableMessage(
                reason: "the database does not take it: \(error)",
                key: Data(item.envelope.key.utf8), value: item.envelope.data, headers: [:])
            try await store(piece.with([item.unreadable(message)]))
        }
    }

    private func store(_ piece: ReceivedPiece) async throws {
        let now = environment.now()
        let reset = try await database.write(isolation: .readCommitted) { transaction in
            try Self.store(piece, at: now, in: transaction)
        }
        for log in reset.sorted() {
            environment.logger(module: module).error(
                "events came late: their log was restored from a backup, or a broker had lost them",
                metadata: ["log": "\(log)", "stream": "\(piece.stream)"])
        }
    }

    /// Tells of which modules the logs turned out to have gone back.
    private static func store(
        _ piece: ReceivedPiece, at now: Date, in transaction: Transaction
    ) throws -> Set<String> {
        guard let first = piece.items.first, let last = piece.items.last else { return [] }
        // A partition whose beginning the broker has dropped lacks as many events.
        try transaction.execute(
            """
            INSERT INTO inbox_streams (stream, topic, position, dropped_to, next_offset)
            VALUES (\(piece.stream), \(piece.topic), \(first.offset), \(first.offset), 0)
            ON CONFLICT (stream) DO NOTHING
            """)
        let row = try transaction.first(
            """
            SELECT position, next_offset FROM inbox_streams WHERE stream = \(piece.stream)
            \(only: .postgresql, "FOR UPDATE")
            """)
        guard let row else { return [] }
        var position = try row.get("position", as: Int64.self)
        let next = try row.get("next_offset", as: Int64.self)
        let fresh = piece.items.filter { $0.offset >= next }
        var known = try known(among: fresh.map(\.envelope.id), in: piece.stream, transaction)
        var origins = Origins(of: piece.stream, in: transaction)
        for item in fresh where known.insert(item.envelope.id).inserted {
            guard let origin = try origins.origin(of: item, at: position + 1) else { continue }
            position += 1
            try transaction.execute(
                """
                INSERT INTO inbox_events
                    (stream, position, log, log_position, received_at, \(Envelope.columns))
                VALUES (\(piece.stream), \(position), \(origin.log), \(origin.position), \(now),
                        \(item.envelope.columnValues))
                """)
        }
        guard last.offset >= next else { return [] }
        try transaction.execute(
            """
            UPDATE inbox_streams
            SET position = \(position), next_offset = \(last.offset + 1),
                fingerprint = \(last.fingerprint), received_at = \(now)
            WHERE stream = \(piece.stream)
            """)
        return origins.reset
    }

    /// Those of the events that a stream has already, in one question: on PostgreSQL each is a
    /// round trip.
    private static func known(
        among ids: [EventID], in stream: String, _ transaction: Transaction
    ) throws -> Set<EventID> {
        Set(
            try transaction.rows(
                """
                SELECT event_id FROM inbox_events WHERE stream = \(stream) AND event_id
                \(only: .postgresql, "= ANY (")
                \(only: .sqlite, "IN (SELECT value FROM json_each(")
                \(ids)
                \(only: .postgresql, ")")\(only: .sqlite, "))")
                """
            ).map { try $0.get("event_id") })
    }

    /// Has a module's consumers look, as after another process has taken something.
    func wakeConsumers(of topic: Topic? = nil) {
        let wakes = consumers.withLock { consumers in
            consumers.filter { consumer in
                guard let topic, let topics = consumer.topics else { return true }
                return topics.contains(topic)
            }.map(\.wake)
        }
        for wake in wakes { wake.raise() }
        if topic != nil { received.raise() }
    }

    /// Of each stream, what not even the consumer that is furthest has taken. A consumer that takes
    /// nothing holds up no other; where all consumers are routed to another transport, what comes
    /// is kept for the day when they are not, and is no backlog.
    ///
    /// - Throws: `StorageError`.
    package func backlog() async throws -> [String: Int64] {
        let known = consumers.withLock { $0.map { ($0.name, $0.topics) } }
        return try await database.read { transaction in
            let elsewhere = try Cutover.routedElsewhere(than: Cutover.broker, in: transaction)
            return try transaction.rows(
                """
                SELECT s.stream, s.topic,
                    s.position - COALESCE(MAX(c.position), s.dropped_to) AS backlog
                FROM inbox_streams s LEFT JOIN inbox_cursors c ON c.stream = s.stream
                GROUP BY s.stream, s.topic, s.position, s.dropped_to
                """
            ).reduce(into: [:]) { backlog, row in
                let topic = try row.get("topic", as: Topic.self)
                let isHeardHere = known.contains { name, topics in
                    !elsewhere.contains(name) && topics?.contains(topic) ?? true
                }
                guard isHeardHere else { return }
                backlog[try row.get("stream")] = try row.get("backlog", as: Int64.self)
            }
        }
    }

    /// Drops what all consumers have taken and nobody needs to hear again, the oldest first;
    /// `false` when there is none.
    ///
    /// - Parameter consumers: all of the module, whichever process runs them.
    func drop(before time: Date, countMax: Int) async throws -> Bool {
        let known = consumers.withLock { $0.map { ($0.name, $0.topics) } }
        let streams = try await database.read { transaction in
            try transaction.rows("SELECT stream, topic FROM inbox_streams").map {
                (try $0.get("stream", as: String.self), try $0.get("topic", as: Topic.self))
            }
        }
        var hasMore = false
        for (stream, topic) in streams {
            let hearers = known.filter { $0.1?.contains(topic) ?? true }.map(\.0)
            let count = try await database.write { transaction in
                try Self.drop(
                    stream, heardBy: hearers, before: time, countMax: countMax, in: transaction)
            }
            if count > 0 { hasMore = true }
        }
        return hasMore
    }

    private static func drop(
        _ stream: String, heardBy consumers: [String], before time: Date, countMax: Int,
        in transaction: Transaction
    ) throws -> Int {
        var end = Int64.max
        for consumer in consumers {
            let place = try transaction.first(
                """
                SELECT position FROM inbox_cursors
                WHERE consumer = \(consumer) AND stream = \(stream)
                """)
            end = min(end, try place?.get("position") ?? 0)
        }
        let oldest = try transaction.rows(
            """
            SELECT position, received_at FROM inbox_events
            WHERE stream = \(stream) AND position <= \(end) ORDER BY position LIMIT \(countMax)
            """)
        let last = try oldest.prefix { try $0.get("received_at", as: Date.self) < time }
            .last?.get("position", as: Int64.self)
        guard let last else { return 0 }
        try transaction.execute(
            "UPDATE inbox_streams SET dropped_to = \(last) WHERE stream = \(stream)")
        return try transaction.rowsChanged(
            by: "DELETE FROM inbox_events WHERE stream = \(stream) AND position <= \(last)")
    }
}
