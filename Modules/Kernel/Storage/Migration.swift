import Crypto
import Events
public import Foundation

/// One step of a schema. Steps are numbered from 1, applied once, and never edited afterwards.
public struct Migration: Sendable {
    /// 1, 2, 3, … without gaps.
    public let version: Int
    /// What it does, for people.
    public let name: String
    private let script: @Sendable (Dialect) -> String

    /// Declares a step; `script` gives its statements in the engine's words.
    public init(
        _ version: Int, _ name: String, script: @escaping @Sendable (Dialect) -> String
    ) {
        self.version = version
        self.name = name
        self.script = script
    }

    func script(for dialect: Dialect) -> String { script(dialect) }

    /// SHA-256 of the script, in hexadecimal: what tells an edited step from the one applied.
    func checksum(for dialect: Dialect) -> String {
        SHA256.hash(data: Data(script(dialect).utf8)).hexEncoded
    }
}

/// The steps of one owner of tables in a database: the module itself, or the bus in it.
public struct MigrationSet: Sendable {
    /// The owner: `user`, `bus`.
    public let component: String
    /// Its steps in order.
    public let migrations: [Migration]

    /// Puts the steps of an owner together.
    public init(component: String, migrations: [Migration]) {
        self.component = component
        self.migrations = migrations
    }

    /// Where the steps stand in a database of that name.
    ///
    /// - Parameter applied: when each step was applied; none in a database that is not there.
    public func status(in database: String, applied: [Int: Date] = [:]) -> [MigrationStatus] {
        migrations.map {
            MigrationStatus(
                database: database, component: component, version: $0.version, name: $0.name,
                appliedAt: applied[$0.version])
        }
    }
}

/// Where one step stands in one database.
public struct MigrationStatus: Sendable, Codable, Hashable {
    /// The database's name, which is its module's: `order`.
    public let database: String
    /// The owner of the step: `order`, `bus`, `idempotency`.
    public let component: String
    /// The step's number among its owner's, from 1.
    public let version: Int
    /// What the step does, for people.
    public let name: String
    /// `nil` while it is pending.
    public let appliedAt: Date?
}

extension Database {
    /// Brings the schema of one owner up to date, each step in a transaction of its own.
    ///
    /// Safe to run twice and from several processes at once: a step is looked up again inside the
    /// transaction that applies it.
    ///
    /// - Throws: ``StorageError`` of kind `migration` when an applied step was edited, is unknown
    ///   to this version of the program, or when the numbers have a gap.
    public func migrate(_ set: MigrationSet) async throws {
        try await write(isolation: .readCommitted) { transaction in
            try transaction.waitForOtherMigrations()
            try transaction.makeSchema(self.name)
            try transaction.run(script: journal(transaction.dialect))
        }
        for migration in try await pending(of: set) {
            // Each statement sees what others did while this one waited for them.
            try await write(isolation: .readCommitted) { transaction in
                try transaction.waitForOtherMigrations()
                let applied = try transaction.first(
                    """
                    SELECT checksum FROM schema_migrations
                    WHERE component = \(set.component) AND version = \(migration.version)
                    """)
                if let applied {
                    // Another process was faster; it must have meant the same step.
                    let checksum = try applied.get("checksum", as: String.self)
                    guard checksum == migration.checksum(for: transaction.dialect) else {
                        throw self.refusal(
                            "\(set.component) step \(migration.version) was applied differently by"
                                + " another process")
                    }
                    return
                }
                do {
                    try transaction.run(script: migration.script(for: transaction.dialect))
                } catch let error as StorageError where !error.isTransient {
                    throw StorageError(
                        kind: error.kind, code: error.code,
                        detail: "\(self.name): \(set.component) step \(migration.version)"
                            + " (\(migration.name)): \(error.detail)")
                }
                try transaction.execute(
                    """
                    INSERT INTO schema_migrations (component, version, name, checksum, applied_at)
                    VALUES (\(set.component), \(migration.version), \(migration.name),
                            \(migration.checksum(for: transaction.dialect)), \(Date()))
                    """)
            }
        }
    }

    /// Where every step of an owner stands.
    ///
    /// - Throws: ``StorageError``, as `migrate(_:)` does.
    public func migrationStatus(of set: MigrationSet) async throws -> [MigrationStatus] {
        let applied = try await appliedMigrations(of: set)
        return set.status(in: name, applied: applied.mapValues(\.at))
    }

    private func pending(of set: MigrationSet) async throws -> [Migration] {
        let applied = try await appliedMigrations(of: set)
        return set.migrations.filter { applied[$0.version] == nil }
    }

    private func appliedMigrations(
        of set: MigrationSet
    ) async throws -> [Int: (checksum: String, at: Date)] {
        for (index, migration) in set.migrations.enumerated() where migration.version != index + 1 {
            throw refusal("\(set.component): step \(index + 1) is numbered \(migration.version)")
        }
        let applied = try await read { transaction -> [Int: (checksum: String, at: Date)] in
            guard try transaction.hasJournal() else { return [:] }
            let rows = try transaction.rows(
                """
                SELECT version, checksum, applied_at FROM schema_migrations
                WHERE component = \(set.component) ORDER BY version
                """)
            return try Dictionary(
                uniqueKeysWithValues: rows.map {
                    (try $0.get("version"), (try $0.get("checksum"), try $0.get("applied_at")))
                })
        }
        for (version, record) in applied {
            guard let migration = set.migrations.first(where: { $0.version == version }) else {
                throw refusal(
                    "\(set.component) stands at step \(version), which this program does not know"
                        + "; it was migrated by a newer version")
            }
            guard migration.checksum(for: dialect) == record.checksum else {
                throw refusal(
                    "\(set.component) step \(version) (\(migration.name)) was edited after it was "
                        + "applied; add a new step instead")
            }
        }
        return applied
    }

    private func refusal(_ detail: String) -> StorageError {
        StorageError(kind: .migration, code: "migration", detail: "\(name): \(detail)")
    }
}

extension Transaction {
    fileprivate func hasJournal() throws -> Bool {
        switch dialect {
        case .sqlite:
            try first("SELECT 1 AS one FROM sqlite_master WHERE name = 'schema_migrations'") != nil
        case .postgresql:
            try first("SELECT 1 AS one WHERE to_regclass('schema_migrations') IS NOT NULL") != nil
        }
    }
}

extension Transaction {
    /// One process at a time: SQLite has one writer anyhow; on PostgreSQL a lock that ends with the
    /// transaction. Its number means nothing but is the same in every version of the program.
    func waitForOtherMigrations() throws {
        guard dialect == .postgresql else { return }
        // A step takes as long as it takes.
        try execute("SET LOCAL statement_timeout TO 0")
        try execute("SELECT pg_advisory_xact_lock(7246381905524)")
    }
}

extension Transaction {
    /// Makes the module's schema where there is none; a role that owns it may not make others.
    fileprivate func makeSchema(_ name: String) throws {
        guard dialect == .postgresql else { return }
        let encoding = try first("SELECT current_setting('server_encoding') AS name")?
            .get("name", as: String.self)
        guard encoding == "UTF8" else {
            throw StorageError(
                kind: .migration, code: "encoding",
                detail: "the database's encoding is \(encoding ?? "unknown"); it has to be UTF8")
        }
        let known = try first("SELECT 1 AS one FROM pg_namespace WHERE nspname = \(name)")
        if known == nil { try run(script: "CREATE SCHEMA \"\(name)\"") }
    }
}

private func journal(_ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        component TEXT NOT NULL,
        version INTEGER NOT NULL,
        name TEXT NOT NULL,
        checksum TEXT NOT NULL,
        applied_at \(dialect.timestamp) NOT NULL,
        PRIMARY KEY (component, version)
    ) \(dialect.strict)
    """
}
