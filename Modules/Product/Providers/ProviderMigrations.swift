import Storage

let providerMigrations = MigrationSet(
    component: "providers",
    migrations: [
        Migration(1, "create provider answers") { dialect in
            """
            -- The last good answer of each provider, to be shown while it fails.
            CREATE TABLE provider_answers (
                provider TEXT NOT NULL,
                product_id \(dialect.uuid) NOT NULL,
                offers \(dialect.json) NOT NULL,
                answered_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (product_id, provider)
            ) \(dialect.strict);
            """
        }
    ])
