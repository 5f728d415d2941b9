import Storage

/// Orders that wait for stock and money, and what they know of the catalogue.
let sagaMigration = Migration(3, "orders wait for stock and money") { dialect in
    """
    ALTER TABLE orders ADD COLUMN number TEXT;
    ALTER TABLE orders ADD COLUMN state TEXT NOT NULL DEFAULT 'awaiting_payment';
    ALTER TABLE orders ADD COLUMN payment_status TEXT NOT NULL DEFAULT 'pending';
    ALTER TABLE orders ADD COLUMN fulfilment_status TEXT NOT NULL DEFAULT 'unfulfilled';
    ALTER TABLE orders ADD COLUMN version \(dialect.bigint) NOT NULL DEFAULT 1;
    ALTER TABLE orders ADD COLUMN timeline_count \(dialect.bigint) NOT NULL DEFAULT 0;
    ALTER TABLE orders ADD COLUMN deadline \(dialect.timestamp);
    ALTER TABLE orders ADD COLUMN attempt \(dialect.bigint) NOT NULL DEFAULT 1;
    ALTER TABLE orders ADD COLUMN payment_id \(dialect.uuid);
    ALTER TABLE orders ADD COLUMN taken \(dialect.bigint);
    ALTER TABLE orders ADD COLUMN taken_currency TEXT;
    ALTER TABLE orders ADD COLUMN fee \(dialect.bigint);
    ALTER TABLE orders ADD COLUMN refunded \(dialect.bigint) NOT NULL DEFAULT 0;
    ALTER TABLE orders ADD COLUMN refund_pending \(dialect.bigint) NOT NULL DEFAULT 0;
    ALTER TABLE orders ADD COLUMN quote_id \(dialect.uuid);
    ALTER TABLE orders ADD COLUMN address \(dialect.json);
    ALTER TABLE orders ADD COLUMN end_reason TEXT;
    ALTER TABLE orders ADD COLUMN end_note TEXT;
    -- Orders of before wait for their payment's result, or have it. Twelve digits of the part of
    -- their ids that is chance are their numbers.
    UPDATE orders SET
        number = 'FL-' || upper(substr(CAST(id AS TEXT), 25, 4)) || '-'
            || upper(substr(CAST(id AS TEXT), 29, 4)) || '-'
            || upper(substr(CAST(id AS TEXT), 33, 4)),
        state = CASE status WHEN 'paid' THEN 'confirmed'
            WHEN 'payment_failed' THEN 'payment_failed' ELSE 'awaiting_payment' END,
        payment_status = CASE status WHEN 'paid' THEN 'paid'
            WHEN 'payment_failed' THEN 'failed' ELSE 'pending' END,
        taken = CASE status WHEN 'paid' THEN total END,
        taken_currency = CASE status WHEN 'paid' THEN currency END;
    ALTER TABLE orders DROP COLUMN status;
    CREATE UNIQUE INDEX orders_number ON orders (number);
    -- A quote makes one order.
    CREATE UNIQUE INDEX orders_quote ON orders (quote_id) WHERE quote_id IS NOT NULL;
    CREATE INDEX orders_recent ON orders (created_at, id);
    CREATE INDEX orders_state ON orders (state, created_at, id);

    -- What happened to an order, in order. Rows are added, never changed.
    CREATE TABLE order_timeline (
        order_id \(dialect.uuid) NOT NULL,
        seq \(dialect.bigint) NOT NULL,
        at \(dialect.timestamp) NOT NULL,
        occurrence TEXT NOT NULL,
        from_state TEXT NOT NULL,
        to_state TEXT NOT NULL,
        actor TEXT NOT NULL,
        actor_id \(dialect.uuid),
        detail \(dialect.json) NOT NULL,
        -- The event that told of it: told again, it changes nothing.
        event_id \(dialect.uuid),
        PRIMARY KEY (order_id, seq)
    ) \(dialect.strict);

    CREATE TABLE order_refunds (
        refund_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        order_id \(dialect.uuid) NOT NULL,
        payment_id \(dialect.uuid) NOT NULL,
        amount \(dialect.bigint) NOT NULL,
        currency TEXT NOT NULL,
        reason TEXT NOT NULL,
        status TEXT NOT NULL,
        requested_at \(dialect.timestamp) NOT NULL,
        note TEXT
    ) \(dialect.strict);
    CREATE INDEX order_refunds_order ON order_refunds (order_id);
    \(projections(dialect))
    """
}

private func projections(_ dialect: Dialect) -> String {
    """
    -- The catalogue, fed by its events; a deleted product leaves its mark.
    CREATE TABLE products (
        product_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        version \(dialect.bigint) NOT NULL,
        is_deleted \(dialect.boolean) NOT NULL
    ) \(dialect.strict);
    CREATE TABLE variants (
        variant_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        product_id \(dialect.uuid) NOT NULL,
        sku TEXT NOT NULL,
        name TEXT NOT NULL,
        is_active \(dialect.boolean) NOT NULL,
        is_priced_by_rules \(dialect.boolean) NOT NULL,
        prices \(dialect.json) NOT NULL,
        quantity_min \(dialect.bigint) NOT NULL,
        quantity_max \(dialect.bigint) NOT NULL,
        starts_at \(dialect.timestamp)
    ) \(dialect.strict);
    CREATE INDEX variants_product ON variants (product_id);

    -- Prices that somebody was told, until they expire or become an order.
    CREATE TABLE quotes (
        quote_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        user_id \(dialect.uuid),
        items \(dialect.json) NOT NULL,
        expires_at \(dialect.timestamp) NOT NULL,
        order_id \(dialect.uuid)
    ) \(dialect.strict);
    CREATE INDEX quotes_expiry ON quotes (expires_at);
    CREATE INDEX quotes_user ON quotes (user_id);

    -- Users whose welcome order waits until its product is known. Whoever looks for the product or
    -- for them writes the one row of the gate, so that neither misses the other.
    CREATE TABLE welcomes_due (
        user_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        since \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE TABLE welcome_gate (
        id \(dialect.bigint) NOT NULL PRIMARY KEY,
        turn \(dialect.bigint) NOT NULL
    ) \(dialect.strict);
    INSERT INTO welcome_gate (id, turn) VALUES (1, 0);

    -- The time of the newest event that was applied: an older one that comes later is ignored.
    ALTER TABLE customers ADD COLUMN email_at \(dialect.timestamp);
    ALTER TABLE customers ADD COLUMN name_at \(dialect.timestamp);
    ALTER TABLE customer_addresses ADD COLUMN changed_at \(dialect.timestamp);
    -- Addresses that were taken away; nothing brings them back.
    CREATE TABLE customer_address_ends (
        address_id \(dialect.uuid) NOT NULL PRIMARY KEY,
        user_id \(dialect.uuid) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX customer_address_ends_user ON customer_address_ends (user_id);
    """
}
