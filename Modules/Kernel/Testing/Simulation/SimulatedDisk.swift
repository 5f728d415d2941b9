import EventBus
import Events
import Foundation
import Instrumentation
import Storage

/// What survives a crash: the database of one module, shared by all processes that run it.
final class SimulatedDisk: Sendable {
    let module: String
    let database: InMemoryDatabase

    /// Copies a database that was migrated before, which is far quicker than to migrate.
    init(copying other: SimulatedDisk) throws {
        module = other.module
        database = try InMemoryDatabase(copying: other.database)
    }

    private init(module: String) throws {
        self.module = module
        database = try InMemoryDatabase()
    }

    /// A fresh database with a module's tables, and a record of every event that any consumer
    /// handles, in the order of the commits.
    static func migrated(_ module: String, _ sets: [MigrationSet]) async throws -> SimulatedDisk {
        let disk = try SimulatedDisk(module: module)
        let database = Database(name: module, backend: DirectStorage(disk: disk))
        for set in [Bus.migrations] + sets { try await database.migrate(set) }
        try disk.write { try $0.run(script: Self.record) }
        return disk
    }

    /// Triggers, so that a record commits or vanishes with what it records.
    private static let record = """
        CREATE TABLE simulation_record (
            number INTEGER PRIMARY KEY AUTOINCREMENT, consumer TEXT NOT NULL, log TEXT NOT NULL,
            position INTEGER NOT NULL, outcome TEXT NOT NULL
        );
        CREATE TRIGGER simulation_inserted AFTER INSERT ON inbox_handled BEGIN
            INSERT INTO simulation_record (consumer, log, position, outcome)
            VALUES (new.consumer, new.log, new.position, new.outcome);
        END;
        CREATE TRIGGER simulation_replayed AFTER UPDATE OF begun_at ON inbox_replays
        WHEN new.begun_at IS NOT NULL BEGIN
            INSERT INTO simulation_record (consumer, log, position, outcome)
            VALUES (new.consumer, new.stream, new.from_offset, 'replay');
        END;
        CREATE TRIGGER simulation_updated AFTER UPDATE ON inbox_handled BEGIN
            INSERT INTO simulation_record (consumer, log, position, outcome)
            VALUES (new.consumer, new.log, new.position, new.outcome);
        END;
        """

    /// How much of the record there is.
    func recordCount(in transaction: Transaction) throws -> Int64 {
        try transaction.first("SELECT MAX(number) AS last FROM simulation_record")?
            .get("last", as: Int64?.self) ?? 0
    }

    /// Who handled an event since the record was that long.
    func consumers(after last: Int64, in transaction: Transaction) throws -> Set<String> {
        Set(
            try transaction.rows(
                "SELECT consumer FROM simulation_record WHERE number > \(last)"
            ).map { try $0.get("consumer") })
    }

    /// Looks at the disk as nobody in the simulation can: without latency or accidents.
    func read<T: Sendable>(_ body: (Transaction) throws -> T) throws -> T {
        try database.transact(in: .topLevel, body, isKept: { false }).0
    }

    /// Changes the disk as nobody in the simulation can.
    func write<T: Sendable>(_ body: (Transaction) throws -> T) throws -> T {
        try database.transact(in: .topLevel, body, isKept: { true }).0
    }
}

/// A disk without a process in front of it.
private struct DirectStorage: StorageBackend {
    let disk: SimulatedDisk
    var dialect: Dialect { .sqlite }

    func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T { try disk.read(body) }

    func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T { try disk.write(body) }

    func close() async {}
}

/// A module's database as one process sees it, with latency and accidents.
struct SimulatedStorage: StorageBackend {
    let disk: SimulatedDisk
    let process: SimulatedProcess
    var dialect: Dialect { .sqlite }

    func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await process.pass(.beforeTransaction, of: disk.module)
        return try disk.database.transact(in: context, body, isKept: { false }).0
    }

    func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try Task.checkCancellation()
        try await process.pass(.beforeTransaction, of: disk.module)
        let asks = process.world.asksForConsumers
        var consumers: Set<String> = []
        let (result, actions) = try disk.database.transact(
            in: context,
            { transaction in
                let last = asks ? try disk.recordCount(in: transaction) : 0
                let result = try body(transaction)
                if asks { consumers = try disk.consumers(after: last, in: transaction) }
                return result
            },
            isKept: {
                try process.passAtOnce(.beforeCommit, of: disk.module, by: consumers)
                return true
            })
        try await process.pass(.afterCommit, of: disk.module, by: consumers)
        for action in actions { action() }
        return result
    }

    func close() async {}
}
