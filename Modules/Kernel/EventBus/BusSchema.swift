package import Storage

/// The bus's own tables, in every module's database beside the module's.
///
/// `outbox_events` is a log: rows are appended in commit order and never updated. A consumer's
/// place in it lives in the consumer's database and moves in the transaction of the effect.
package let busMigrations = MigrationSet(
    component: "bus",
    migrations: [
        Migration(1, "create outbox and inbox") { dialect in
            """
            -- What this module published, in commit order.
            CREATE TABLE outbox_events (
                position \(dialect.identity),
                \(envelopeColumns(dialect)),
                UNIQUE (event_id)
            ) \(dialect.strict);
            CREATE INDEX outbox_events_causation ON outbox_events (causation_id)
                WHERE causation_id IS NOT NULL;

            -- What it will publish later; a due row moves to the log and gets its position there.
            CREATE TABLE outbox_scheduled (
                due_at \(dialect.timestamp) NOT NULL,
                \(envelopeColumns(dialect)),
                PRIMARY KEY (event_id)
            ) \(dialect.strict);
            CREATE INDEX outbox_scheduled_due ON outbox_scheduled (due_at);

            -- How far a consumer has taken each source: all events up to the position are handled,
            -- parked, or of no interest to it.
            CREATE TABLE inbox_cursors (
                consumer TEXT NOT NULL,
                source TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                moved_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (consumer, source)
            ) \(dialect.strict);

            -- The last position handled of each key: the memory that makes effects exactly-once.
            -- It grows with keys, not with events, and never expires.
            CREATE TABLE inbox_marks (
                consumer TEXT NOT NULL,
                source TEXT NOT NULL,
                key TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                PRIMARY KEY (consumer, source, key)
            ) \(dialect.clustered);

            -- When each event was handled: the record behind `flotilla events show`.
            CREATE TABLE inbox_handled (
                consumer TEXT NOT NULL,
                source TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                attempts INTEGER NOT NULL,
                handled_at \(dialect.timestamp) NOT NULL,
                duration_us \(dialect.bigint) NOT NULL,
                PRIMARY KEY (consumer, source, position)
            ) \(dialect.clustered);

            -- Events that wait: the first of a key failed and is retried or dead, the others are
            -- behind it in the order of their positions.
            CREATE TABLE inbox_parked (
                consumer TEXT NOT NULL,
                source TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('waiting', 'retrying', 'dead')),
                attempts INTEGER NOT NULL,
                parked_at \(dialect.timestamp) NOT NULL,
                attempted_at \(dialect.timestamp),
                due_at \(dialect.timestamp),
                error TEXT,
                \(envelopeColumns(dialect)),
                PRIMARY KEY (consumer, source, position)
            ) \(dialect.strict);
            CREATE INDEX inbox_parked_key ON inbox_parked (consumer, source, key, position);
            CREATE INDEX inbox_parked_due ON inbox_parked (consumer, due_at)
                WHERE state = 'retrying';
            """
        }
    ])

private func envelopeColumns(_ dialect: Dialect) -> String {
    """
    event_id \(dialect.uuid) NOT NULL,
    type TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    time \(dialect.timestamp) NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id \(dialect.uuid),
    caused_in TEXT,
    request_id TEXT,
    traceparent TEXT,
    data \(dialect.json) NOT NULL
    """
}

extension Dialect {
    /// A table that lies in the order of its primary key.
    fileprivate var clustered: String { self == .sqlite ? "STRICT, WITHOUT ROWID" : "" }
}
