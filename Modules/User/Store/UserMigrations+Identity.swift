import Storage

/// Everything beside accounts, sessions and roles.
let identityMigration = Migration(3, "create addresses, tokens, factors, devices and keys") {
    dialect in
    """
    ALTER TABLE users ADD COLUMN version \(dialect.bigint) NOT NULL DEFAULT 1;
    ALTER TABLE users ADD COLUMN public_fields \(dialect.json) NOT NULL DEFAULT '["firstName"]';

    -- When the user last proved who they are, and with how many factors.
    ALTER TABLE sessions ADD COLUMN authenticated_at \(dialect.timestamp);
    ALTER TABLE sessions ADD COLUMN assurance \(dialect.bigint) NOT NULL DEFAULT 1;

    CREATE TABLE addresses (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
        label TEXT NOT NULL,
        line1 TEXT NOT NULL,
        line2 TEXT,
        city TEXT NOT NULL,
        region TEXT,
        postal_code TEXT NOT NULL,
        country TEXT NOT NULL,
        is_default \(dialect.boolean) NOT NULL,
        version \(dialect.bigint) NOT NULL,
        created_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX addresses_user ON addresses (user_id, created_at, id);
    CREATE UNIQUE INDEX addresses_default ON addresses (user_id) WHERE is_default;

    -- Tokens of mails and of half log-ins, by their hashes. A spent one is gone.
    CREATE TABLE one_time_tokens (
        hash TEXT NOT NULL PRIMARY KEY,
        purpose TEXT NOT NULL,
        user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
        email TEXT,
        session_id \(dialect.uuid),
        expires_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id, purpose);
    CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);

    CREATE TABLE totp_factors (
        user_id \(dialect.uuid) NOT NULL PRIMARY KEY REFERENCES users (id),
        sealed_secret TEXT NOT NULL,
        confirmed_at \(dialect.timestamp),
        -- The newest step whose code was taken: neither it nor an older one is taken again.
        last_step \(dialect.bigint) NOT NULL
    ) \(dialect.strict);

    CREATE TABLE recovery_codes (
        user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
        hash TEXT NOT NULL,
        PRIMARY KEY (user_id, hash)
    ) \(dialect.strict);

    -- Keyed hashes of networks and agents, so that the table names nobody's whereabouts.
    CREATE TABLE known_devices (
        user_id \(dialect.uuid) NOT NULL REFERENCES users (id),
        network TEXT NOT NULL,
        agent TEXT NOT NULL,
        seen_at \(dialect.timestamp) NOT NULL,
        PRIMARY KEY (user_id, network, agent)
    ) \(dialect.strict);

    CREATE TABLE throttles (
        key TEXT NOT NULL PRIMARY KEY,
        count \(dialect.bigint) NOT NULL,
        blocked_until \(dialect.timestamp),
        forgotten_at \(dialect.timestamp) NOT NULL
    ) \(dialect.strict);
    CREATE INDEX throttles_forgotten ON throttles (forgotten_at);

    CREATE TABLE api_keys (
        id \(dialect.uuid) NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        permissions \(dialect.json) NOT NULL,
        hash TEXT NOT NULL,
        -- The secret before the present one, while services change over.
        previous_hash TEXT,
        previous_until \(dialect.timestamp),
        created_by TEXT NOT NULL,
        created_at \(dialect.timestamp) NOT NULL,
        expires_at \(dialect.timestamp),
        used_at \(dialect.timestamp),
        revoked_at \(dialect.timestamp)
    ) \(dialect.strict);
    """
}
