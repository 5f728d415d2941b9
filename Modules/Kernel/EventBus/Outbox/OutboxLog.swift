package import Events
package import Foundation
package import Storage

/// The log of one module, as its relay, the in-process transport and the tools read it.
///
/// On SQLite the order of positions is the order of commits, because one writer at a time takes
/// them; so everything up to the highest position seen is safe to hand on.
package struct OutboxLog: Sendable {
    /// The publishing module.
    package let module: String
    package let database: Database

    package init(module: String, database: Database) {
        self.module = module
        self.database = database
    }

    /// The events after a position up to a head that is known to be safe, in order.
    package func events(
        after position: Int64, upTo head: Int64, limit: Int
    ) async throws -> [LoggedEvent] {
        let log = module
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events
                WHERE position > \(position) AND position <= \(head)
                ORDER BY position LIMIT \(limit)
                """
            ).map { try LoggedEvent($0, log: log) }
        }
    }

    /// Every event of a log, in order, inside a transaction.
    package static func all(
        of module: String, in transaction: Transaction
    ) throws -> [LoggedEvent] {
        try transaction.rows(
            "SELECT position, \(Envelope.columns) FROM outbox_events ORDER BY position"
        ).map { try LoggedEvent($0, log: module) }
    }

    /// One event of this log.
    package func event(_ id: EventID) async throws -> LoggedEvent? {
        let log = module
        return try await database.read { transaction in
            try transaction.first(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events WHERE event_id = \(id)
                """
            ).map { try LoggedEvent($0, log: log) }
        }
    }

    /// The position after which events published at a time or later begin.
    ///
    /// Times follow positions but for clocks that were put back, so the first such event is looked
    /// for rather than searched by halves.
    package func position(before time: Date) async throws -> Int64 {
        let first = try await database.read { transaction in
            try transaction.first(
                """
                SELECT position FROM outbox_events WHERE time >= \(time)
                ORDER BY position LIMIT 1
                """)?.get("position", as: Int64.self)
        }
        if let first { return first - 1 }
        return try await head()
    }

    /// The position up to which the log is complete; 0 while nothing was published.
    package func head() async throws -> Int64 {
        switch database.dialect {
        case .sqlite: try await newest()
        case .postgresql: try await settledHead()
        }
    }

    /// The position of the newest event to be seen; 0 while there is none. On PostgreSQL earlier
    /// ones may still come, and later positions may have been given out in vain.
    package func newest() async throws -> Int64 {
        try await database.read { transaction in
            try transaction.first("SELECT MAX(position) AS head FROM outbox_events")?
                .get("head", as: Int64?.self) ?? 0
        }
    }

    /// The position up to which retention has dropped events; 0 while all are kept.
    package func floor() async throws -> Int64 {
        try await database.read { transaction in
            try transaction.first("SELECT dropped_to FROM outbox_retention")?
                .get("dropped_to") ?? 0
        }
    }

    /// Lets positions go on above one that a consumer has seen already.
    ///
    /// A log that was restored from an older copy would give out again the positions of events
    /// that are lost with the newer one, and consumers would take the new events for those.
    ///
    /// - Returns: whether the log had fallen behind.
    package func skip(past position: Int64) async throws -> Bool {
        if database.dialect == .postgresql { return try await skipSequence(past: position) }
        return try await database.write { transaction in
            // The table is there from the first event on.
            let counted = try transaction.first(
                "SELECT seq FROM sqlite_sequence WHERE name = 'outbox_events'")
            guard let counted else {
                guard position > 0 else { return false }
                try transaction.execute(
                    """
                    INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox_events', \(position))
                    """)
                return true
            }
            guard try counted.get("seq", as: Int64.self) < position else { return false }
            try transaction.execute(
                "UPDATE sqlite_sequence SET seq = \(position) WHERE name = 'outbox_events'")
            return true
        }
    }

    private func skipSequence(past position: Int64) async throws -> Bool {
        let hasSkipped = try await database.write(isolation: .readCommitted) { transaction in
            // One process at a time, so that none sets it back.
            try transaction.execute("LOCK TABLE outbox_partitions IN EXCLUSIVE MODE")
            guard try Self.lastPosition(in: transaction) < position else { return false }
            _ = try transaction.first("SELECT setval('outbox_positions', \(position))")
            return true
        }
        if hasSkipped { try await ensurePartitions(at: Date()) }
        return hasSkipped
    }

    /// Makes whoever publishes for the same key wait until this transaction has ended, so that the
    /// positions of one key are in the order of its commits. SQLite has one writer at a time.
    static func lock(key: String, in transaction: Transaction) throws {
        guard transaction.dialect == .postgresql else { return }
        try transaction.execute(
            """
            SELECT pg_advisory_xact_lock(
                hashtextextended(current_schema() || '/' || \(key)::text, 0))
            """)
    }

    /// Moves scheduled events that are due into the log; tells when the next will be.
    package func releaseDue(at now: Date, limit: Int) async throws -> Release {
        let next = try await nextDue()
        guard let next, next <= now else { return Release(count: 0, nextDue: next) }
        let count = try await database.write { transaction -> Int in
            let due = try transaction.rows(
                """
                SELECT event_id, key FROM outbox_scheduled WHERE due_at <= \(now)
                ORDER BY due_at, event_id LIMIT \(limit)
                \(only: .postgresql, "FOR UPDATE SKIP LOCKED")
                """)
            for row in due {
                let id = try row.get("event_id", as: EventID.self)
                try Self.lock(key: try row.get("key"), in: transaction)
                try transaction.execute(
                    """
                    INSERT INTO outbox_events (\(Envelope.columns))
                    SELECT \(Envelope.columns) FROM outbox_scheduled WHERE event_id = \(id)
                    """)
                try transaction.execute("DELETE FROM outbox_scheduled WHERE event_id = \(id)")
            }
            return due.count
        }
        return Release(count: count, nextDue: try await nextDue())
    }

    package struct Release: Sendable {
        package let count: Int
        package let nextDue: Date?
    }

    private func nextDue() async throws -> Date? {
        try await database.read { transaction in
            try transaction.first("SELECT MIN(due_at) AS due FROM outbox_scheduled")?
                .get("due", as: Date?.self)
        }
    }
}
