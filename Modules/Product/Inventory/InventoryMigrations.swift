import Storage

let inventoryMigrations = MigrationSet(
    component: "inventory",
    migrations: [
        Migration(1, "create stock levels, movements and holds") { dialect in
            """
            -- Levels are the sums of the movements; the checks are the second net under the
            -- conditional updates.
            CREATE TABLE stock_levels (
                variant_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                product_id \(dialect.uuid) NOT NULL,
                sku TEXT NOT NULL,
                on_hand \(dialect.bigint) NOT NULL CHECK (on_hand >= 0),
                allocated \(dialect.bigint) NOT NULL CHECK (allocated >= 0),
                reserved \(dialect.bigint) NOT NULL CHECK (reserved >= 0),
                -- What may be sold beyond what there is, in percent of it.
                overbooking_percent INTEGER NOT NULL
                    CHECK (overbooking_percent BETWEEN 0 AND 100),
                -- What one customer may have; NULL for any number.
                customer_max INTEGER CHECK (customer_max > 0),
                is_out \(dialect.boolean) NOT NULL,
                version \(dialect.bigint) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL,
                CONSTRAINT stock_levels_capacity CHECK (
                    allocated + reserved <= on_hand + on_hand * overbooking_percent / 100)
            ) \(dialect.strict);
            CREATE INDEX stock_levels_product ON stock_levels (product_id);

            CREATE TABLE stock_movements (
                id \(dialect.identity),
                variant_id \(dialect.uuid) NOT NULL,
                kind TEXT NOT NULL,
                on_hand \(dialect.bigint) NOT NULL,
                allocated \(dialect.bigint) NOT NULL,
                reserved \(dialect.bigint) NOT NULL,
                order_id \(dialect.uuid),
                -- Whoever did it, and why, for movements by hand.
                actor TEXT,
                reason TEXT,
                moved_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX stock_movements_variant ON stock_movements (variant_id, id);

            -- One hold an order. A refused one has no lines: nothing was set aside.
            CREATE TABLE stock_holds (
                order_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                state TEXT NOT NULL CHECK (
                    state IN ('held', 'converted', 'released', 'returned', 'expired', 'refused')),
                expires_at \(dialect.timestamp) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            -- State and end are the hold's, here for the sums over a variant's live lines.
            CREATE TABLE stock_hold_lines (
                order_id \(dialect.uuid) NOT NULL,
                variant_id \(dialect.uuid) NOT NULL,
                user_id \(dialect.uuid) NOT NULL,
                quantity \(dialect.bigint) NOT NULL CHECK (quantity > 0),
                state TEXT NOT NULL,
                expires_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (order_id, variant_id)
            ) \(dialect.strict);
            CREATE INDEX stock_hold_lines_live ON stock_hold_lines (variant_id, expires_at)
                WHERE state = 'held';
            CREATE INDEX stock_hold_lines_user ON stock_hold_lines (user_id, variant_id);
            """
        }
    ])
