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
            \(log(dialect))
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
        },
        Migration(2, "keep leases, readers and replays; name dead letters") { dialect in
            """
            -- Who does the bus's work on this database. The epoch grows with every new holder, and
            -- whatever a holder stores is stored only while its epoch is the current one.
            CREATE TABLE bus_leases (
                name TEXT NOT NULL,
                holder TEXT NOT NULL,
                epoch \(dialect.bigint) NOT NULL,
                expires_at \(dialect.timestamp) NOT NULL,
                is_released \(dialect.boolean) NOT NULL,
                PRIMARY KEY (name)
            ) \(dialect.strict);

            -- The processes that are there and share the leases.
            CREATE TABLE bus_instances (
                holder TEXT NOT NULL,
                leases \(dialect.textArray) NOT NULL,
                expires_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (holder)
            ) \(dialect.strict);

            -- Up to where retention has dropped this module's events.
            CREATE TABLE outbox_retention (
                one INTEGER NOT NULL CHECK (one = 1),
                dropped_to \(dialect.bigint) NOT NULL,
                PRIMARY KEY (one)
            ) \(dialect.strict);
            INSERT INTO outbox_retention (one, dropped_to) VALUES (1, 0);

            -- How far each reader has taken this module's log: the relay to a broker, or within one
            -- process each consumer. Retention never drops what one of them has not taken.
            CREATE TABLE outbox_readers (
                reader TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                attempts INTEGER NOT NULL,
                error TEXT,
                moved_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (reader)
            ) \(dialect.strict);

            ALTER TABLE outbox_events ADD COLUMN transaction_id \(dialect.uuid);
            ALTER TABLE outbox_scheduled ADD COLUMN transaction_id \(dialect.uuid);
            ALTER TABLE inbox_parked ADD COLUMN transaction_id \(dialect.uuid);

            -- What a consumer reads is a stream: a module's log, or a partition of a broker's.
            ALTER TABLE inbox_cursors RENAME COLUMN source TO stream;
            ALTER TABLE inbox_marks RENAME COLUMN source TO log;
            ALTER TABLE inbox_handled RENAME COLUMN source TO log;
            ALTER TABLE inbox_parked RENAME COLUMN source TO log;

            -- 'handled', 'discarded' by an operator, or 'silent': replayed without its effect.
            ALTER TABLE inbox_handled ADD COLUMN outcome TEXT NOT NULL DEFAULT 'handled';

            -- The dead letter's own id, since one event may be dead at several consumers; attempts
            -- that an operator forgave; the payload as it was before an operator edited it.
            ALTER TABLE inbox_parked ADD COLUMN letter_id \(dialect.uuid);
            ALTER TABLE inbox_parked
                ADD COLUMN attempts_forgiven INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE inbox_parked ADD COLUMN original_data \(dialect.json);
            UPDATE inbox_parked SET letter_id = event_id;
            CREATE INDEX inbox_parked_letter ON inbox_parked (letter_id);
            CREATE INDEX inbox_parked_state
                ON inbox_parked (consumer, state, parked_at, letter_id);
            CREATE INDEX inbox_parked_event ON inbox_parked (event_id);

            -- What an operator wants a consumer to hear again: one number a request, one row a
            -- stream. It begins when begun_at is set, and ends when the consumer has passed
            -- to_offset or a later one has begun.
            CREATE TABLE inbox_replays (
                consumer TEXT NOT NULL,
                number INTEGER NOT NULL,
                stream TEXT NOT NULL,
                from_offset \(dialect.bigint) NOT NULL,
                to_offset \(dialect.bigint) NOT NULL,
                is_rebuild \(dialect.boolean) NOT NULL,
                with_effects \(dialect.boolean) NOT NULL,
                requested_at \(dialect.timestamp) NOT NULL,
                begun_at \(dialect.timestamp),
                ended_at \(dialect.timestamp),
                PRIMARY KEY (consumer, number, stream)
            ) \(dialect.strict);

            -- The replay in which a parked event was heard again; without one it was never handled.
            ALTER TABLE inbox_parked ADD COLUMN replay INTEGER;
            """
        },
        Migration(3, "keep what a broker brought") { dialect in
            """
            -- The partitions of a broker's topics that this module hears: its consumers' streams.
            -- Positions count the stream's own rows below, since a broker's offsets begin anew
            -- when it lost its data.
            CREATE TABLE inbox_streams (
                stream TEXT NOT NULL,
                topic TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                dropped_to \(dialect.bigint) NOT NULL,
                next_offset \(dialect.bigint) NOT NULL,
                fingerprint \(dialect.bigint),
                received_at \(dialect.timestamp),
                PRIMARY KEY (stream)
            ) \(dialect.strict);

            -- What was received, once for all consumers of the module: in the order of each stream,
            -- with the place that each event has in its publisher's log.
            CREATE TABLE inbox_events (
                stream TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                log TEXT NOT NULL,
                log_position \(dialect.bigint) NOT NULL,
                received_at \(dialect.timestamp) NOT NULL,
                \(envelopeColumns(dialect)),
                transaction_id \(dialect.uuid),
                PRIMARY KEY (stream, position)
            ) \(dialect.clustered);
            CREATE INDEX inbox_events_id ON inbox_events (event_id);
            CREATE INDEX inbox_events_log ON inbox_events (log, log_position);

            -- Which transport brings a consumer its events, where an operator has said so: only
            -- processes with that transport run it.
            CREATE TABLE bus_routes (
                consumer TEXT NOT NULL,
                transport TEXT NOT NULL,
                decided_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (consumer)
            ) \(dialect.strict);

            -- Up to where each log went when the module's consumers moved: the marks at which both
            -- ways are compared.
            CREATE TABLE bus_cutovers (
                number INTEGER NOT NULL,
                log TEXT NOT NULL,
                position \(dialect.bigint) NOT NULL,
                transport TEXT NOT NULL,
                decided_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (number, log)
            ) \(dialect.strict);
            """
        },
    ])

/// The log itself. PostgreSQL drops it by ranges of positions, and a unique index there would have
/// to be one over positions.
private func log(_ dialect: Dialect) -> String {
    switch dialect {
    case .sqlite:
        """
        CREATE TABLE outbox_events (
            position \(dialect.identity),
            \(envelopeColumns(dialect)),
            UNIQUE (event_id)
        ) \(dialect.strict);
        """
    case .postgresql:
        """
        CREATE SEQUENCE outbox_positions CACHE 1;
        CREATE TABLE outbox_events (
            position bigint NOT NULL DEFAULT nextval('outbox_positions'),
            \(envelopeColumns(dialect)),
            PRIMARY KEY (position)
        ) PARTITION BY RANGE (position);
        CREATE INDEX outbox_events_id ON outbox_events (event_id);

        -- Its partitions, and when each was made.
        CREATE TABLE outbox_partitions (
            start_position bigint PRIMARY KEY,
            end_position bigint NOT NULL,
            made_at timestamptz NOT NULL
        );
        CREATE TABLE outbox_events_1 PARTITION OF outbox_events FOR VALUES FROM (1) TO (100001);
        INSERT INTO outbox_partitions VALUES (1, 100001, now());
        """
    }
}

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
