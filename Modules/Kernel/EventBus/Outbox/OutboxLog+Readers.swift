import Events
package import Foundation
import Storage

/// The places of those who read a log, kept beside it.
extension OutboxLog {
    /// Where one reader of a log stands.
    package struct Reader: Sendable, Hashable {
        package let name: String
        /// Everything up to here is taken.
        package let position: Int64
        /// Failed tries of the batch after the position.
        package let attempts: Int
        /// What the last failure said.
        package let error: String?
        package let movedAt: Date
    }

    /// Where all readers stand.
    package func readers() async throws -> [Reader] {
        try await database.read { transaction in
            try transaction.rows(
                """
                SELECT reader, position, attempts, error, moved_at FROM outbox_readers
                ORDER BY reader
                """
            ).map {
                Reader(
                    name: try $0.get("reader"), position: try $0.get("position"),
                    attempts: try $0.get("attempts"), error: try $0.get("error"),
                    movedAt: try $0.get("moved_at"))
            }
        }
    }

    /// Remembers how far a reader has taken the log. It never goes back.
    ///
    /// - Parameter lease: the right to read under that name.
    /// - Throws: ``LeaseLost``; `StorageError`.
    package func move(
        _ reader: String, to position: Int64, under lease: Lease, at now: Date
    ) async throws {
        try await database.write { transaction in
            try lease.check(in: transaction)
            try transaction.execute(
                """
                INSERT INTO outbox_readers (reader, position, attempts, moved_at)
                VALUES (\(reader), \(position), 0, \(now))
                ON CONFLICT (reader) DO UPDATE
                SET position = excluded.position, attempts = 0, error = NULL,
                    moved_at = excluded.moved_at
                WHERE excluded.position > outbox_readers.position
                """)
        }
    }

    /// Has a broker's relay send again what follows a position. The relay that is at work loses its
    /// lease, so that what it has in hand does not undo this.
    ///
    /// - Returns: how many positions there are to send, at most; 0 when it never sent any.
    /// - Throws: `StorageError`.
    package func republish(by reader: String, after position: Int64) async throws -> Int64 {
        let newest = try await newest()
        return try await database.write { transaction in
            try transaction.execute(
                """
                UPDATE outbox_readers SET position = \(position), attempts = 0, error = NULL
                WHERE reader = \(reader) AND position > \(position)
                """)
            try transaction.execute(
                """
                UPDATE bus_leases SET epoch = epoch + 1, is_released = \(true)
                WHERE name = \(Relay.leaseName)
                """)
            return max(0, newest - position)
        }
    }

    /// Writes down where a reader stands that keeps its place elsewhere, and may go back.
    package func note(_ reader: String, at position: Int64, now: Date) async throws {
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO outbox_readers (reader, position, attempts, moved_at)
                VALUES (\(reader), \(position), 0, \(now))
                ON CONFLICT (reader) DO UPDATE
                SET position = excluded.position, moved_at = excluded.moved_at
                """)
        }
    }

    /// Counts a failed try of the batch after the reader's position.
    package func recordFailure(
        of reader: String, _ error: any Error, under lease: Lease, at now: Date
    ) async throws {
        let text = String("\(error)".prefix(2_000))
        try await database.write { transaction in
            try lease.check(in: transaction)
            try transaction.execute(
                """
                INSERT INTO outbox_readers (reader, position, attempts, error, moved_at)
                VALUES (\(reader), 0, 1, \(text), \(now))
                ON CONFLICT (reader) DO UPDATE
                SET attempts = outbox_readers.attempts + 1, error = excluded.error
                """)
        }
    }
}
