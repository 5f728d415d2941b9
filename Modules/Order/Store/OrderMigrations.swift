import Storage

let orderMigrations = MigrationSet(
    component: "order",
    migrations: [
        Migration(1, "create orders and customers") { dialect in
            """
            CREATE TABLE orders (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                kind TEXT NOT NULL,
                status TEXT NOT NULL,
                total \(dialect.bigint) NOT NULL,
                currency TEXT NOT NULL,
                items \(dialect.json) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX orders_user ON orders (user_id, created_at, id);
            -- However often a registration is delivered, it brings one welcome order.
            CREATE UNIQUE INDEX orders_welcome ON orders (user_id) WHERE kind = 'welcome';

            -- What orders need to know of users, fed by their events.
            CREATE TABLE customers (
                user_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                email TEXT NOT NULL,
                first_name TEXT NOT NULL,
                last_name TEXT NOT NULL,
                deleted_at \(dialect.timestamp)
            ) \(dialect.strict);
            """
        },
        Migration(2, "create customer addresses") { dialect in
            """
            -- Where customers have orders sent, fed by the users' events.
            CREATE TABLE customer_addresses (
                address_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                label TEXT NOT NULL,
                line1 TEXT NOT NULL,
                line2 TEXT,
                city TEXT NOT NULL,
                region TEXT,
                postal_code TEXT NOT NULL,
                country TEXT NOT NULL,
                is_default \(dialect.boolean) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX customer_addresses_user ON customer_addresses (user_id);
            """
        },
        sagaMigration,
    ])
