import FlotillaTesting
import Storage
import Testing

@Suite struct `Migrating a schema` {
    private static let second = Migration(2, "add colour") { _ in
        "ALTER TABLE items ADD COLUMN colour TEXT"
    }

    @Test(arguments: StorageEngine.allCases)
    func `applies each step once, however often it runs`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let set = MigrationSet(component: "bench", migrations: [Bench.items, Self.second])
        let before = try await bench.database.migrationStatus(of: set)
        #expect(before.map { $0.appliedAt != nil } == [true, false])
        try await bench.database.migrate(set)
        try await bench.database.migrate(set)
        let after = try await bench.database.migrationStatus(of: set)
        #expect(after.allSatisfy { $0.appliedAt != nil })
    }

    @Test(arguments: StorageEngine.allCases)
    func `refuses a step that was edited after it was applied`(on engine: StorageEngine)
        async throws
    {
        let bench = try await Bench(on: engine)
        let edited = Migration(1, "create items") { _ in "CREATE TABLE items (id INTEGER)" }
        let error = await #expect(throws: StorageError.self) {
            try await bench.database.migrate(
                MigrationSet(component: "bench", migrations: [edited]))
        }
        #expect(error?.kind == .migration)
        #expect(error?.detail.contains("edited") == true)
    }

    @Test(arguments: StorageEngine.allCases)
    func `refuses a database that a newer program migrated`(on engine: StorageEngine) async throws {
        let bench = try await Bench([Bench.items, Self.second], on: engine)
        let error = await #expect(throws: StorageError.self) {
            try await bench.database.migrate(
                MigrationSet(component: "bench", migrations: [Bench.items]))
        }
        #expect(error?.detail.contains("newer") == true)
    }

    @Test(arguments: StorageEngine.allCases)
    func `refuses numbers with a gap`(on engine: StorageEngine) async throws {
        let bench = try await Bench([], on: engine)
        let error = await #expect(throws: StorageError.self) {
            try await bench.database.migrate(
                MigrationSet(component: "bench", migrations: [Self.second]))
        }
        #expect(error?.kind == .migration)
    }

    @Test(arguments: StorageEngine.allCases)
    func `leaves the version before when a step fails`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let broken = Migration(2, "break") { _ in
            "CREATE TABLE half (id INTEGER); CREATE TABLE items (id INTEGER)"
        }
        let set = MigrationSet(component: "bench", migrations: [Bench.items, broken])
        await #expect(throws: StorageError.self) { try await bench.database.migrate(set) }
        let status = try await bench.database.migrationStatus(of: set)
        #expect(status.map { $0.appliedAt != nil } == [true, false])
        let error = await #expect(throws: StorageError.self) {
            try await bench.database.read { try $0.rows("SELECT id FROM half") }
        }
        #expect(error?.kind == .statement, "there is no such table")
    }

    @Test(arguments: StorageEngine.allCases)
    func `lets several processes start at once`(on engine: StorageEngine) async throws {
        let bench = try await Bench([], on: engine)
        let set = MigrationSet(component: "bench", migrations: [Bench.items, Self.second])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let database = try bench.another()
                    try await database.migrate(set)
                    await database.close()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: StorageEngine.allCases)
    func `keeps the steps of different owners apart`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let other = Migration(1, "create others") { _ in "CREATE TABLE others (id INTEGER)" }
        let set = MigrationSet(component: "other", migrations: [other])
        try await bench.database.migrate(set)
        #expect(try await bench.database.migrationStatus(of: set).count == 1)
    }
}
