import Foundation
package import Instrumentation
import Metrics
import Synchronization

/// A module's own database: a SQLite file, or a schema of a PostgreSQL server.
///
/// Closures are synchronous and run on a thread of the connection, never on an event loop or the
/// cooperative pool, so nothing can be awaited while a transaction is open.
public final class Database: Sendable {
    /// The module that owns it.
    public let name: String
    private let backend: any StorageBackend
    private let lastFull = Mutex<(error: StorageError, at: ContinuousClock.Instant)?>(nil)
    private let readTimer: Timer
    private let writeTimer: Timer

    package init(name: String, backend: any StorageBackend) {
        self.name = name
        self.backend = backend
        func timer(_ operation: String) -> Timer {
            Timer(
                label: "db.client.operation.duration",
                dimensions: [
                    ("db.system.name", backend.dialect.rawValue), ("db.namespace", name),
                    ("db.operation.name", operation),
                ])
        }
        readTimer = timer("read")
        writeTimer = timer("write")
    }

    /// Opens a module's database where `url` says, creating it if needed.
    ///
    /// - Throws: ``StorageError`` of kind `unavailable`.
    public convenience init(
        module: String, at url: StorageURL, pool: PoolSettings = PoolSettings()
    ) throws {
        switch url {
        case .sqlite(let directory):
            self.init(name: module, backend: try SQLiteBackend(directory: directory, name: module))
        case .postgres(let url):
            self.init(
                name: module, backend: PostgresBackend(url: url, module: module, pool: pool))
        }
    }

    /// Whether a module's database is known to be there already. Whether a schema is there, only
    /// its server can tell.
    public static func exists(module: String, at url: StorageURL) -> Bool {
        switch url {
        case .sqlite(let directory):
            FileManager.default.fileExists(
                atPath: SQLiteBackend.path(of: module, in: directory))
        case .postgres:
            true
        }
    }

    /// The engine behind it.
    public var dialect: Dialect { backend.dialect }

    /// Reads in one consistent snapshot, beside any writer.
    ///
    /// - Throws: what `body` throws; ``StorageError``; `CancellationError` while waiting.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await counting("read") {
            try await readTimer.timing {
                try await backend.read(in: .current ?? .topLevel, body)
            }
        }
    }

    /// Reads and writes in one transaction, durable when this returns.
    ///
    /// The closure may run again after a conflict, so it must not have effects outside the
    /// transaction; `Transaction.afterCommit` is for those.
    ///
    /// - Throws: what `body` throws, after a rollback; ``StorageError``; `CancellationError` while
    ///   waiting.
    @discardableResult
    public func write<T: Sendable>(
        isolation: Isolation = .snapshot,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        let result = try await transact(isolation, body)
        lastFull.withLock { $0 = nil }
        return result
    }

    private func transact<T: Sendable>(
        _ isolation: Isolation, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await counting("write") {
            try await writeTimer.timing {
                try await backend.write(isolation, in: .current ?? .topLevel, body)
            }
        }
    }

    /// Counts what the engine refused, by its own code.
    private func counting<T>(_ operation: String, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as StorageError {
            if error.kind == .full { lastFull.withLock { $0 = (error, .now) } }
            Counter(
                label: "db.client.operation.errors",
                dimensions: [
                    ("db.system.name", backend.dialect.rawValue), ("db.namespace", name),
                    ("db.operation.name", operation), ("db.response.status_code", error.code),
                ]
            ).increment()
            throw error
        }
    }

    /// Tells the other processes that work on this database; at once, whatever transactions are
    /// open, and best effort: whoever does not hear it finds out by looking.
    ///
    /// - Throws: ``StorageError``.
    package func announce(_ news: DatabaseNews) async throws { try await backend.announce(news) }

    /// Calls `heed` with what other processes announce, until the task is cancelled, and with all
    /// of it when some may have been missed. Ends at once where processes can't tell each other.
    package func listen(_ heed: @escaping @Sendable (DatabaseNews) -> Void) async {
        await backend.listen(heed)
    }

    /// Makes sure that something could be written now: a server that can only be read lets an empty
    /// transaction pass.
    ///
    /// - Throws: as `write` does.
    public func checkWritable() async throws {
        try await transact(.snapshot) {
            try $0.execute("DELETE FROM schema_migrations WHERE 1 = 0")
        }
        // One that touches no row needs no room: what the last of the others met counts, too.
        let (error, at) = lastFull.withLock { ($0?.error, $0?.at) }
        if let error, let at, ContinuousClock.now - at < Self.fullMemory { throw error }
    }

    private static let fullMemory = Duration.seconds(5)

    /// Waits for the work in hand and closes the connections.
    public func close() async { await backend.close() }
}

/// What a transaction sees of others that run beside it. On SQLite one writer runs at a time, so
/// that each is as good as ``serializable``.
public enum Isolation: Sendable, Hashable {
    /// One snapshot; it fails, and is run again, when a row that it changes was changed since. (In
    /// PostgreSQL's words: repeatable read.) What it only reads may have changed.
    case snapshot
    /// Each statement sees what is committed when it begins. For those that lock what they read.
    case readCommitted
    /// As if transactions ran one after the other; it fails, and is run again, when they could not
    /// have.
    case serializable
}

/// Transactions that are in each other's way.
enum Contention {
    /// How long, on either engine, a transaction goes on trying before its caller is told.
    static let patience = Duration.seconds(5)
}

/// A storage engine. One conformance suite holds for all of them.
package protocol StorageBackend: Sendable {
    var dialect: Dialect { get }
    func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T
    func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T
    func announce(_ news: DatabaseNews) async throws
    func listen(_ heed: @escaping @Sendable (DatabaseNews) -> Void) async
    func close() async
}

extension StorageBackend {
    package func announce(_ news: DatabaseNews) async throws {}
    package func listen(_ heed: @escaping @Sendable (DatabaseNews) -> Void) async {}
}

/// What processes tell each other about a database.
package enum DatabaseNews: String, Sendable, CaseIterable {
    /// Something was published.
    case log
    /// A lease has become free.
    case leases
}

extension Timer {
    /// Records how long `body` took, whether it succeeded or not.
    fileprivate func timing<T>(_ body: () async throws -> T) async rethrows -> T {
        let start = ContinuousClock.now
        defer { recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1))) }
        return try await body()
    }
}

/// Where databases live, as `storage.url` says it.
public enum StorageURL: Sendable, Hashable {
    /// One file a module in this directory.
    case sqlite(directory: String)
    /// One schema a module in this database.
    case postgres(PostgresURL)

    /// Parses `sqlite:DIR` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    public init?(_ text: String) {
        if let url = PostgresURL(text) {
            self = .postgres(url)
            return
        }
        guard text.hasPrefix("sqlite:") else { return nil }
        let directory = String(text.dropFirst("sqlite:".count))
        guard !directory.isEmpty, !directory.hasPrefix("//") else { return nil }
        self = .sqlite(directory: directory)
    }
}

extension Database {
    /// A database that is not there: for a module that is described but does not run here.
    public static func absent(_ name: String) -> Database {
        Database(name: name, backend: AbsentBackend(name: name))
    }
}

private struct AbsentBackend: StorageBackend {
    let name: String
    var dialect: Dialect { .sqlite }

    func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T { throw absence }

    func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T { throw absence }

    func close() async {}

    private var absence: StorageError {
        StorageError(
            kind: .unavailable, code: "absent", detail: "\(name) does not run in this process")
    }
}
