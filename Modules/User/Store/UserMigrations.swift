import Storage

let userMigrations = MigrationSet(
    component: "user",
    migrations: [
        Migration(1, "create users and sessions") { dialect in
            """
            CREATE TABLE users (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                email TEXT NOT NULL,
                email_key TEXT NOT NULL UNIQUE,
                first_name TEXT NOT NULL,
                last_name TEXT NOT NULL,
                phone TEXT,
                bio TEXT,
                preferences \(dialect.json) NOT NULL,
                status TEXT NOT NULL,
                password_hash TEXT NOT NULL,
                created_at \(dialect.timestamp) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL,
                deleted_at \(dialect.timestamp)
            ) \(dialect.strict);

            CREATE TABLE user_roles (
                user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
                role TEXT NOT NULL,
                assigned_at \(dialect.timestamp) NOT NULL,
                PRIMARY KEY (user_id, role)
            ) \(dialect.strict);

            CREATE TABLE sessions (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
                ip_address TEXT,
                user_agent TEXT,
                created_at \(dialect.timestamp) NOT NULL,
                used_at \(dialect.timestamp) NOT NULL,
                expires_at \(dialect.timestamp) NOT NULL,
                revoked_at \(dialect.timestamp)
            ) \(dialect.strict);
            CREATE INDEX sessions_user ON sessions (user_id);
            CREATE INDEX sessions_expiry ON sessions (expires_at);

            -- Every refresh token ever given to a session that still lives, by its hash. A spent
            -- one that comes back was stolen, or its thief was here first.
            CREATE TABLE refresh_tokens (
                hash TEXT NOT NULL PRIMARY KEY,
                session_id \(dialect.uuid) NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                spent_at \(dialect.timestamp)
            ) \(dialect.strict);
            CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
            """
        },
        Migration(2, "create roles") { dialect in
            """
            -- Beside those that the program brings.
            CREATE TABLE roles (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                permissions \(dialect.json) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            """
        },
        identityMigration,
    ])
