import Storage

let paymentMigrations = MigrationSet(
    component: "payment",
    migrations: [
        Migration(1, "create payments") { dialect in
            """
            CREATE TABLE payments (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                order_id \(dialect.uuid) NOT NULL UNIQUE,
                user_id \(dialect.uuid) NOT NULL,
                amount \(dialect.bigint) NOT NULL,
                currency TEXT NOT NULL,
                status TEXT NOT NULL,
                failure_reason TEXT,
                completed_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            """
        },
        Migration(2, "payments with attempts, a ledger and refunds") { dialect in
            createPayments(dialect) + moveCompletedPayments + createRefunds(dialect)
                + createNotes(dialect) + createSimulation(dialect)
        },
    ])

/// SQLite can't take the old table's `UNIQUE` away, so the rows move to a new one.
private func createPayments(_ dialect: Dialect) -> String {
    """
    ALTER TABLE payments RENAME TO payments_completed;
    CREATE TABLE payments (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        order_id \(dialect.uuid) NOT NULL,
        attempt \(dialect.bigint) NOT NULL,
        user_id \(dialect.uuid) NOT NULL,
        amount \(dialect.bigint) NOT NULL,
        currency TEXT NOT NULL,
        provider TEXT NOT NULL,
        reference TEXT,
        state TEXT NOT NULL,
        authorized_amount \(dialect.bigint) NOT NULL,
        captured_amount \(dialect.bigint) NOT NULL,
        refunded_amount \(dialect.bigint) NOT NULL,
        refunding_amount \(dialect.bigint) NOT NULL,
        failure_code TEXT,
        authorized_until \(dialect.timestamp),
        needs_review \(dialect.boolean) NOT NULL,
        version \(dialect.bigint) NOT NULL,
        created_at \(dialect.timestamp) NOT NULL,
        updated_at \(dialect.timestamp) NOT NULL,
        UNIQUE (order_id, attempt),
        CHECK (refunded_amount >= 0 AND refunding_amount >= 0
            AND refunded_amount + refunding_amount <= captured_amount)
    ) \(dialect.strict);
    CREATE INDEX payments_by_time ON payments (created_at DESC, id DESC);
    CREATE INDEX payments_by_state ON payments (state, created_at DESC, id DESC);
    CREATE TABLE payment_ledger (
        payment_id \(dialect.uuid) NOT NULL,
        number \(dialect.bigint) NOT NULL,
        kind TEXT NOT NULL,
        amount \(dialect.bigint),
        code TEXT,
        refund_id \(dialect.uuid),
        until \(dialect.timestamp),
        source TEXT NOT NULL,
        stay TEXT,
        state TEXT NOT NULL,
        at \(dialect.timestamp) NOT NULL,
        PRIMARY KEY (payment_id, number)
    ) \(dialect.strict);

    """
}

private let moveCompletedPayments = """
    INSERT INTO payments
    SELECT id, order_id, 1, user_id, amount, currency, 'simulated', NULL, status,
        CASE status WHEN 'completed' THEN amount ELSE 0 END,
        CASE status WHEN 'completed' THEN amount ELSE 0 END,
        0, 0, failure_reason, NULL, FALSE, 2, completed_at, completed_at
    FROM payments_completed;
    INSERT INTO payment_ledger
    SELECT id, 2, CASE status WHEN 'completed' THEN 'captured' ELSE 'declined' END,
        CASE status WHEN 'completed' THEN amount END, failure_reason, NULL, NULL, 'answer', NULL,
        status, completed_at
    FROM payments_completed;
    DROP TABLE payments_completed;

    """

private func createRefunds(_ dialect: Dialect) -> String {
    """
    CREATE TABLE refunds (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        payment_id \(dialect.uuid) NOT NULL,
        order_id \(dialect.uuid) NOT NULL,
        user_id \(dialect.uuid) NOT NULL,
        amount \(dialect.bigint) NOT NULL,
        currency TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        failure_code TEXT,
        needs_review \(dialect.boolean) NOT NULL,
        created_at \(dialect.timestamp) NOT NULL,
        updated_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX refunds_by_payment ON refunds (payment_id, created_at);
    CREATE INDEX refunds_by_order ON refunds (order_id);
    CREATE INDEX refunds_by_state ON refunds (state, created_at);

    """
}

private func createNotes(_ dialect: Dialect) -> String {
    """
    CREATE TABLE webhooks (
        event_id TEXT NOT NULL PRIMARY KEY,
        payment_id \(dialect.uuid),
        outcome TEXT NOT NULL,
        received_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX webhooks_by_time ON webhooks (received_at);
    CREATE TABLE ended_orders (
        order_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        reason TEXT NOT NULL,
        fee \(dialect.bigint) NOT NULL,
        currency TEXT,
        ended_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE TABLE bookings (
        order_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        payment_id \(dialect.uuid) NOT NULL,
        amount \(dialect.bigint) NOT NULL,
        currency TEXT NOT NULL,
        confirmed_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE TABLE reconciliation (
        name TEXT NOT NULL PRIMARY KEY,
        due_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);

    """
}

/// What the simulated provider knows. A real one has a database of its own, elsewhere.
private func createSimulation(_ dialect: Dialect) -> String {
    """
    CREATE TABLE simulated_payments (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        amount \(dialect.bigint) NOT NULL,
        currency TEXT NOT NULL,
        captures \(dialect.boolean) NOT NULL,
        call_count \(dialect.bigint) NOT NULL,
        question_count \(dialect.bigint) NOT NULL,
        captured_amount \(dialect.bigint),
        is_voided \(dialect.boolean) NOT NULL
    ) \(dialect.strict);
    CREATE TABLE simulated_refunds (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        payment_id \(dialect.uuid) NOT NULL,
        amount \(dialect.bigint) NOT NULL,
        call_count \(dialect.bigint) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX simulated_refunds_by_payment ON simulated_refunds (payment_id);
    """
}
