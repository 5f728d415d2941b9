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
        let source = Outbox.source(of: module)
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events
                WHERE position > \(position) AND position <= \(head)
                ORDER BY position LIMIT \(limit)
                """
            ).map { try LoggedEvent($0, source: source) }
        }
    }

    /// The position of the newest event; 0 while there is none.
    package func head() async throws -> Int64 {
        try await database.read { transaction in
            try transaction.first("SELECT MAX(position) AS head FROM outbox_events")?
                .get("head", as: Int64?.self) ?? 0
        }
    }

    /// Moves scheduled events that are due into the log; tells when the next will be.
    package func releaseDue(at now: Date, limit: Int) async throws -> Release {
        let next = try await nextDue()
        guard let next, next <= now else { return Release(count: 0, nextDue: next) }
        let count = try await database.write { transaction -> Int in
            let due = try transaction.rows(
                """
                SELECT event_id FROM outbox_scheduled WHERE due_at <= \(now)
                ORDER BY due_at, event_id LIMIT \(limit)
                """)
            for row in due {
                let id = try row.get("event_id", as: EventID.self)
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

    /// What lies behind a position, by type.
    package func backlog(after position: Int64) async throws -> [Backlog] {
        try await database.read { transaction in
            try transaction.rows(
                """
                SELECT type, COUNT(*) AS pending, MIN(time) AS oldest FROM outbox_events
                WHERE position > \(position) GROUP BY type
                """
            ).map {
                Backlog(
                    type: try $0.get("type"), count: try $0.get("pending"),
                    oldest: try $0.get("oldest"))
            }
        }
    }

    package struct Backlog: Sendable {
        package let type: EventType
        package let count: Int
        package let oldest: Date
    }

    private func nextDue() async throws -> Date? {
        try await database.read { transaction in
            try transaction.first("SELECT MIN(due_at) AS due FROM outbox_scheduled")?
                .get("due", as: Date?.self)
        }
    }
}
