import EventBus
import Events
import Foundation
import Storage
import Web

let auditMigrations = MigrationSet(
    component: "audit",
    migrations: [
        Migration(1, "create trail") { dialect in
            """
            CREATE TABLE trail (
                number \(dialect.identity),
                event_id \(dialect.uuid) NOT NULL UNIQUE,
                type TEXT NOT NULL,
                source TEXT NOT NULL,
                topic TEXT NOT NULL,
                key TEXT NOT NULL,
                occurred_at \(dialect.timestamp) NOT NULL,
                recorded_at \(dialect.timestamp) NOT NULL,
                correlation_id TEXT NOT NULL,
                causation_id \(dialect.uuid),
                payload \(dialect.json) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX trail_time ON trail (occurred_at, event_id);
            CREATE INDEX trail_key ON trail (key, occurred_at, event_id);
            CREATE INDEX trail_type ON trail (type, occurred_at, event_id);
            """
                + refusal(of: "UPDATE", dialect) + refusal(of: "DELETE", dialect)
                + refusalOfReplacement(dialect)
        }
    ])

/// What was written down stays as it is, whoever asks.
private func refusal(of verb: String, _ dialect: Dialect) -> String {
    switch dialect {
    case .sqlite:
        """

        CREATE TRIGGER trail_refuses_\(verb.lowercased()) BEFORE \(verb) ON trail BEGIN
            SELECT RAISE(ABORT, 'the audit trail is append-only');
        END;
        """
    case .postgresql:
        """

        CREATE FUNCTION trail_refuses_\(verb.lowercased())() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$ LANGUAGE plpgsql;
        CREATE TRIGGER trail_refuses_\(verb.lowercased()) BEFORE \(verb) ON trail
            FOR EACH STATEMENT EXECUTE FUNCTION trail_refuses_\(verb.lowercased())();
        """
    }
}

/// SQLite fires no delete trigger for `REPLACE`; an entry that is there already is passed over.
private func refusalOfReplacement(_ dialect: Dialect) -> String {
    switch dialect {
    case .sqlite:
        """

        CREATE TRIGGER trail_refuses_replacement BEFORE INSERT ON trail
        WHEN EXISTS (SELECT 1 FROM trail WHERE number = new.number OR event_id = new.event_id)
        BEGIN
            SELECT RAISE(IGNORE);
        END;
        """
    case .postgresql:
        ""
    }
}

/// One event as the trail keeps it.
struct TrailEntry: Sendable {
    let id: EventID
    let type: EventType
    let subjectID: String
    let occurredAt: Date
    let correlationID: String
    let payload: Data
}

/// What to look for in the trail.
struct TrailFilter: Sendable {
    var subjectID: String?
    var type: String?
    var from: Date?
    var to: Date?
}

/// The append-only trail.
struct Trail: Sendable {
    func append(_ envelope: Envelope, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO trail (event_id, type, source, topic, key, occurred_at, recorded_at,
                               correlation_id, causation_id, payload)
            VALUES (\(envelope.id), \(envelope.type), \(envelope.source), \(envelope.topic),
                    \(envelope.key), \(envelope.time), \(now), \(envelope.cause.correlationID),
                    \(envelope.cause.causationID), \(JSON(envelope.data)))
            ON CONFLICT (event_id) DO NOTHING
            """)
    }

    /// Entries that fit, newest first, one more than the page has room for.
    func list(
        _ filter: TrailFilter, page: PageRequest, in transaction: Transaction
    ) throws -> [TrailEntry] {
        var sql: SQL = """
            SELECT event_id, type, key, occurred_at, correlation_id, payload FROM trail
            WHERE 1 = 1
            """
        if let subjectID = filter.subjectID { sql = sql + " AND key = \(subjectID)" }
        if let type = filter.type { sql = sql + " AND type = \(type)" }
        if let from = filter.from { sql = sql + " AND occurred_at >= \(from)" }
        if let to = filter.to { sql = sql + " AND occurred_at < \(to)" }
        if let after = page.after {
            sql = sql + " AND (occurred_at, event_id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY occurred_at DESC, event_id DESC LIMIT \(page.limit + 1)"
        return try transaction.rows(sql).map { row in
            TrailEntry(
                id: try row.get("event_id"), type: try row.get("type"),
                subjectID: try row.get("key"), occurredAt: try row.get("occurred_at"),
                correlationID: try row.get("correlation_id"), payload: try row.get("payload"))
        }
    }
}
