import Storage

let notificationMigrations = MigrationSet(
    component: "notification",
    migrations: [
        Migration(1, "create notices") { dialect in
            """
            CREATE TABLE notices (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                kind TEXT NOT NULL,
                channel TEXT NOT NULL,
                subject TEXT NOT NULL,
                status TEXT NOT NULL,
                created_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX notices_user ON notices (user_id, created_at, id);
            """
        },
        Migration(2, "create recipients") { dialect in
            """
            -- Where mails to users go, fed by their events; the deleted leave a mark.
            CREATE TABLE recipients (
                user_id \(dialect.uuid) NOT NULL PRIMARY KEY,
                email TEXT NOT NULL,
                deleted_at \(dialect.timestamp)
            ) \(dialect.strict);
            """
        },
    ])
