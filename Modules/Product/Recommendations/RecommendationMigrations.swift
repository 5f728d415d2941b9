import Storage

let recommendationMigrations = MigrationSet(
    component: "recommendations",
    migrations: [
        Migration(1, "create tastes, purchases and what is booked together") { dialect in
            """
            -- Users of whom something is known, or must not be any more. Whoever writes of a user
            -- touches the row first, so that a deletion and what it deletes can't pass each other.
            CREATE TABLE tasters (
                user_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                deleted_at \(dialect.timestamp)
            ) \(dialect.strict);
            CREATE TABLE tastes (
                user_id \(dialect.uuid) NOT NULL,
                word TEXT NOT NULL,
                PRIMARY KEY (user_id, word)
            ) \(dialect.strict);
            CREATE TABLE purchases (
                user_id \(dialect.uuid) NOT NULL,
                product_id \(dialect.uuid) NOT NULL,
                PRIMARY KEY (user_id, product_id)
            ) \(dialect.strict);

            -- What is known of products through orders, and names nobody. The orders are kept by
            -- their ids alone, so that each counts once, however often it is heard of.
            CREATE TABLE counted_orders (
                order_id \(dialect.uuid) NOT NULL PRIMARY KEY
            ) \(dialect.strict);
            CREATE TABLE product_bookings (
                product_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                order_count \(dialect.bigint) NOT NULL CHECK (order_count > 0)
            ) \(dialect.strict);
            CREATE INDEX product_bookings_count ON product_bookings (order_count, product_id);
            CREATE TABLE product_pairs (
                product_id \(dialect.uuid) NOT NULL,
                other_id \(dialect.uuid) NOT NULL,
                order_count \(dialect.bigint) NOT NULL CHECK (order_count > 0),
                PRIMARY KEY (product_id, other_id)
            ) \(dialect.strict);
            """
        }
    ])
