import FlotillaTesting
import Foundation
import Storage

/// A database of its own for one test.
struct Bench: Sendable {
    let directory: TemporaryDirectory
    let url: StorageURL
    let database: Database

    init(
        _ migrations: [Migration] = [Bench.items], on engine: StorageEngine = .sqlite,
        pool: PoolSettings = PoolSettings()
    ) async throws {
        directory = try TemporaryDirectory()
        url = try await engine.makeURL(in: directory)
        database = try Database(module: "bench", at: url, pool: pool)
        try await database.migrate(MigrationSet(component: "bench", migrations: migrations))
    }

    /// The same database as another process would open it.
    func another(pool: PoolSettings = PoolSettings()) throws -> Database {
        try Database(module: "bench", at: url, pool: pool)
    }

    static let items = Migration(1, "create items") { dialect in
        """
        CREATE TABLE items (id \(dialect.identity), name TEXT NOT NULL UNIQUE) \(dialect.strict)
        """
    }

    func names() async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT name FROM items ORDER BY id").map { try $0.get("name") }
        }
    }

    func insert(_ name: String) async throws {
        try await database.write { try $0.execute("INSERT INTO items (name) VALUES (\(name))") }
    }
}

/// A failure that a test throws on purpose.
struct Planned: Error, Equatable {}

/// Holds a database thread until a test lets it go.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() { semaphore.wait() }
    func open() { semaphore.signal() }
}
