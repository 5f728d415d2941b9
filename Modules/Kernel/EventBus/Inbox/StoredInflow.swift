package import Events
package import Foundation
package import Storage
import Synchronization

/// Reads what the module's ``Intake`` has taken, from the module's own database.
package struct StoredInflow: Inflow {
    private let topics: Set<Topic>?
    private let database: Database
    private let startedAt: Date
    private let heads = Heads()

    private final class Heads: Sendable {
        let known = Mutex<[String: Int64]>([:])
    }

    package init(topics: Set<Topic>?, database: Database, startedAt: Date = Date()) {
        self.topics = topics
        self.database = database
        self.startedAt = startedAt
    }

    package var offsets: StreamOffsets { .received }

    /// Remembers how far they go, so that a round costs one look at them all.
    package var streams: [String] {
        get async throws {
            let found = try await database.read { transaction in
                try transaction.rows("SELECT stream, topic, position FROM inbox_streams").map {
                    (
                        stream: try $0.get("stream", as: String.self),
                        topic: try $0.get("topic", as: Topic.self),
                        head: try $0.get("position", as: Int64.self)
                    )
                }
            }.filter { topics?.contains($0.topic) ?? true }
            heads.known.withLock { heads in
                for (stream, _, head) in found { heads[stream] = head }
            }
            return found.map(\.stream).sorted()
        }
    }

    /// What was published before this process began is not what comes.
    package func head(of stream: String) async throws -> Int64 {
        try await position(in: stream, before: startedAt)
    }

    /// The position after which what was published at a time or later begins.
    func position(in stream: String, before time: Date) async throws -> Int64 {
        try await database.read { transaction in
            let first = try transaction.first(
                """
                SELECT MIN(position) AS first FROM inbox_events
                WHERE stream = \(stream) AND time >= \(time)
                """)?.get("first", as: Int64?.self)
            if let first { return first - 1 }
            return try Self.number("position", of: stream, in: transaction)
        }
    }

    package func newest(of stream: String) async throws -> Int64 {
        try await database.read { try Self.number("position", of: stream, in: $0) }
    }

    package func floor(of stream: String) async throws -> Int64 {
        try await database.read { try Self.number("dropped_to", of: stream, in: $0) }
    }

    /// Retention looks at the consumer's own place, in the transaction that drops.
    package func hold(_ stream: String, at offset: Int64, for consumer: String) {}

    package func next(
        of stream: String, after offset: Int64, limit: Int
    ) async throws -> StreamBatch? {
        guard heads.known.withLock({ $0[stream] ?? 0 }) > offset else { return nil }
        let items = try await database.read { transaction in
            try transaction.rows(
                """
                SELECT position AS place, log, log_position AS position, \(Envelope.columns)
                FROM inbox_events WHERE stream = \(stream) AND position > \(offset)
                ORDER BY inbox_events.position LIMIT \(limit)
                """
            ).map { row in
                StreamBatch.Item(
                    offset: try row.get("place"),
                    event: try LoggedEvent(row, log: try row.get("log")))
            }
        }
        return items.isEmpty ? nil : StreamBatch(stream: stream, after: offset, items: items)
    }

    private static func number(
        _ column: SQL, of stream: String, in transaction: Transaction
    ) throws -> Int64 {
        try transaction.first(
            "SELECT \(column) AS number FROM inbox_streams WHERE stream = \(stream)")?
            .get("number") ?? 0
    }
}
