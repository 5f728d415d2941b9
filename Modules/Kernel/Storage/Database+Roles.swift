extension Database {
    /// The role that owns a module's schema on PostgreSQL, once ``makeRole()`` has made it.
    public static func role(of module: String) -> String { "flotilla_\(module)" }

    /// Makes a role that may log in, owns this module's schema with all that is in it, and reaches
    /// no other; gives it what has been added since, when it is there already.
    ///
    /// It has no password: whoever runs the server says how it logs in. The user of this database
    /// becomes a member of it, so as to be able to migrate further.
    ///
    /// - Returns: the role's name; `nil` on SQLite, where files have owners.
    /// - Throws: ``StorageError``, code `42501` when the user may not make roles.
    @discardableResult
    public func makeRole() async throws -> String? {
        guard dialect == .postgresql else { return nil }
        let (role, schema) = (Self.role(of: name), name)
        try await write(isolation: .readCommitted) { transaction in
            try transaction.waitForOtherMigrations()
            try transaction.run(script: script(role: role, schema: schema))
        }
        return role
    }
}

/// Names of modules are identifiers of ours; they are quoted all the same.
private func script(role: String, schema: String) -> String {
    """
    DO $$
    DECLARE
        item record;
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)') THEN
            CREATE ROLE "\(role)" LOGIN;
        END IF;
        IF NOT pg_has_role(current_user, '\(role)', 'MEMBER') THEN
            GRANT "\(role)" TO CURRENT_USER;
        END IF;
        ALTER SCHEMA "\(schema)" OWNER TO "\(role)";
        REVOKE ALL ON SCHEMA "\(schema)" FROM PUBLIC;
        -- Sequences that belong to a column go with its table.
        FOR item IN
            SELECT c.oid::regclass AS name FROM pg_class c
            WHERE c.relnamespace = '"\(schema)"'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
                AND NOT EXISTS (
                    SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
        LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO %I', item.name, '\(role)');
        END LOOP;
        FOR item IN
            SELECT p.oid::regprocedure AS name FROM pg_proc p
            WHERE p.pronamespace = '"\(schema)"'::regnamespace
        LOOP
            EXECUTE format('ALTER FUNCTION %s OWNER TO %I', item.name, '\(role)');
        END LOOP;
    END $$
    """
}
