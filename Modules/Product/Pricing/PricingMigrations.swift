import Storage

let pricingMigrations = MigrationSet(
    component: "pricing",
    migrations: [
        Migration(1, "create pricing rules and quotes") { dialect in
            """
            -- Days as numbers: 1224 is every 24 December, 20261224 the one of that year.
            CREATE TABLE pricing_rules (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                scope TEXT NOT NULL CHECK (scope IN ('all', 'product', 'category')),
                product_id \(dialect.uuid),
                category TEXT,
                kind TEXT NOT NULL
                    CHECK (kind IN ('lead_time', 'occupancy', 'season', 'group_size')),
                range_from \(dialect.bigint),
                range_to \(dialect.bigint),
                -- One of the two: a part of the price, or an amount in a currency.
                permille \(dialect.bigint),
                amount \(dialect.bigint),
                currency TEXT,
                priority INTEGER NOT NULL,
                is_active \(dialect.boolean) NOT NULL,
                version \(dialect.bigint) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL,
                CHECK ((permille IS NULL) <> (amount IS NULL)),
                CHECK ((amount IS NULL) = (currency IS NULL))
            ) \(dialect.strict);
            CREATE INDEX pricing_rules_created ON pricing_rules (created_at, id);

            CREATE TABLE quotes (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                items \(dialect.json) NOT NULL,
                total \(dialect.bigint) NOT NULL,
                currency TEXT NOT NULL,
                expires_at \(dialect.timestamp) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX quotes_expiry ON quotes (expires_at);
            """
        }
    ])
