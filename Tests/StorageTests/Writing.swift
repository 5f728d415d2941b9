import FlotillaTesting
import Foundation
import Instrumentation
import Storage
import Synchronization
import Testing

@Suite struct `Writing to a database` {
    @Test(arguments: StorageEngine.allCases)
    func `keeps what was committed when it is opened again`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        try await bench.insert("a")
        await bench.database.close()
        let again = try bench.another()
        let count = try await again.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM items")?.get("n", as: Int.self)
        }
        #expect(count == 1)
    }

    @Test func `writes through to the disk at every commit`() async throws {
        let bench = try await Bench()
        let (mode, synchronous) = try await bench.database.write { transaction in
            (
                try transaction.first("PRAGMA journal_mode")?.get("journal_mode", as: String.self),
                try transaction.first("PRAGMA synchronous")?.get("synchronous", as: Int.self)
            )
        }
        #expect(mode == "wal")
        #expect(synchronous == 2, "2 is FULL")
    }

    @Test func `leaves all of it in one file when it is closed`() async throws {
        let bench = try await Bench()
        let path = bench.directory.path + "/bench.sqlite"
        // Beside another process, as a server is beside the command line.
        let other = try Database(module: "bench", at: .sqlite(directory: bench.directory.path))
        try await bench.insert("a")
        let size = { (try? Data(contentsOf: URL(filePath: path + "-wal")).count) ?? 0 }
        #expect(size() > 0)
        await bench.database.close()
        #expect(size() == 0)
        let copy = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: path, toPath: copy.path + "/bench.sqlite")
        let copied = try Database(module: "bench", at: .sqlite(directory: copy.path))
        let count = try await copied.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM items")?.get("n", as: Int.self)
        }
        #expect(count == 1)
        await other.close()
    }

    @Test(arguments: StorageEngine.allCases)
    func `binds values and never reads them as SQL`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let hostile = "x'); DROP TABLE items; --"
        try await bench.insert(hostile)
        #expect(try await bench.names() == [hostile])
    }

    @Test(arguments: StorageEngine.allCases)
    func `undoes a closure that throws, and passes its error on`(on engine: StorageEngine)
        async throws
    {
        let bench = try await Bench(on: engine)
        await #expect(throws: Planned()) {
            try await bench.database.write { transaction in
                try transaction.execute("INSERT INTO items (name) VALUES ('a')")
                throw Planned()
            }
        }
        #expect(try await bench.names().isEmpty)
    }

    @Test(arguments: StorageEngine.allCases)
    func `commits many writers together and undoes the failing ones alone`(on engine: StorageEngine)
        async throws
    {
        let bench = try await Bench(on: engine)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask {
                    do {
                        try await bench.database.write { transaction in
                            try transaction.execute(
                                "INSERT INTO items (id, name) VALUES (\(number), \("n\(number)"))")
                            if number % 3 == 0 { throw Planned() }
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        let expected = (0..<500).filter { $0 % 3 != 0 }
        #expect(outcomes == expected.count)
        #expect(try await bench.names() == expected.map { "n\($0)" })
    }

    @Test(arguments: StorageEngine.allCases)
    func `tells a broken unique key from other faults`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        try await bench.insert("a")
        let error = await #expect(throws: StorageError.self) { try await bench.insert("a") }
        #expect(error?.kind == .uniqueViolation)
        #expect(error?.isTransient == false)
        #expect(error?.detail.contains("'a'") == false)
    }

    @Test func `is refused by a server that can only be read, until it is not`() async throws {
        let bench = try await Bench(on: .postgres)
        try await bench.database.checkWritable()
        let server = try PostgresServer.shared()
        let name = try await bench.database.read {
            try $0.first("SELECT current_database()::text AS name")?.get("name", as: String.self)
        }
        let setting = "ALTER DATABASE \(try #require(name)) SET default_transaction_read_only"
        try server.run("\(setting) = on")
        var pool = PoolSettings()
        pool.connectionCountMax = 1
        let later = try bench.another(pool: pool)
        for _ in 0..<2 {
            let error = await #expect(throws: StorageError.self) {
                try await later.checkWritable()
            }
            #expect(error?.isReadOnly == true && error?.isTransient == true, "\(error as Any)")
            #expect(try await later.read { try $0.rows("SELECT name FROM items").count } == 0)
        }
        try server.run("\(setting) = off")
        // The session that began as read-only may be the one to refuse once more.
        try? await later.checkWritable()
        try await later.checkWritable()
    }

    @Test(arguments: StorageEngine.allCases)
    func `counts the rows that a statement touched`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let counts = try await bench.database.write { transaction in
            [
                try transaction.rowsChanged(
                    by: "INSERT INTO items (name) VALUES ('a') ON CONFLICT DO NOTHING"),
                try transaction.rowsChanged(
                    by: "INSERT INTO items (name) VALUES ('a') ON CONFLICT DO NOTHING"),
                try transaction.rowsChanged(by: "DELETE FROM items"),
            ]
        }
        #expect(counts == [1, 0, 1])
    }

    @Test(arguments: StorageEngine.allCases)
    func `undoes a failed part and keeps the rest of its transaction`(on engine: StorageEngine)
        async throws
    {
        let bench = try await Bench(on: engine)
        let ran = Mutex<[String]>([])
        try await bench.database.write { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('kept')")
            transaction.afterCommit { ran.withLock { $0.append("kept") } }
            try? transaction.savepoint {
                try transaction.execute("INSERT INTO items (name) VALUES ('lost')")
                transaction.afterCommit { ran.withLock { $0.append("lost") } }
                throw Planned()
            }
        }
        #expect(try await bench.names() == ["kept"])
        #expect(ran.withLock { $0 } == ["kept"])
    }

    @Test(arguments: StorageEngine.allCases)
    func `calls after the commit only what committed`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let ran = Mutex(0)
        try? await bench.database.write { transaction in
            transaction.afterCommit { ran.withLock { $0 += 1 } }
            throw Planned()
        }
        #expect(ran.withLock { $0 } == 0)
        try await bench.database.write { $0.afterCommit { ran.withLock { $0 += 1 } } }
        #expect(ran.withLock { $0 } == 1)
    }

    @Test(arguments: StorageEngine.allCases)
    func `does not begin a write whose task is cancelled`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await bench.insert("never")
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await bench.names().isEmpty)
    }

    @Test(.timeLimit(.minutes(4)))
    func `fails all that wait when another process holds the file`() async throws {
        let bench = try await Bench()
        let other = try bench.another()
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        async let holding: Void = other.write { _ in
            enter.yield()
            gate.wait()
        }
        for await _ in entered { break }
        let start = ContinuousClock.now
        let kinds = await withTaskGroup(of: StorageError.Kind?.self) { group in
            for number in 0..<20 {
                group.addTask {
                    do {
                        try await bench.insert("n\(number)")
                        return nil
                    } catch {
                        return (error as? StorageError)?.kind
                    }
                }
            }
            return await group.reduce(into: Set<StorageError.Kind?>()) { $0.insert($1) }
        }
        #expect(kinds == [.busy])
        #expect(ContinuousClock.now - start < .seconds(20), "not five seconds each")
        gate.open()
        try await holding
        try await bench.insert("after")
        #expect(try await bench.names() == ["after"])
    }

    @Test(.timeLimit(.minutes(4)), arguments: StorageEngine.allCases)
    func `answers a cancelled write at once that waits behind a long one`(on engine: StorageEngine)
        async throws
    {
        let bench = try await Bench(on: engine)
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        async let holding: Void = bench.database.write { _ in
            enter.yield()
            gate.wait()
        }
        for await _ in entered { break }
        let waiting = Task { try await bench.insert("never") }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.open()
        try await holding
        #expect(try await bench.names().isEmpty)
    }

    @Test(arguments: StorageEngine.allCases)
    func `refuses to write in a read`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        await #expect(throws: StorageError.self) {
            try await bench.database.read { try $0.execute("DELETE FROM items") }
        }
    }

    @Test(arguments: StorageEngine.allCases)
    func `reads the last commit while a write is in progress`(on engine: StorageEngine) async throws
    {
        let bench = try await Bench(on: engine)
        try await bench.insert("before")
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        async let writing: Void = bench.database.write { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('during')")
            enter.yield()
            gate.wait()
        }
        for await _ in entered { break }
        #expect(try await bench.names() == ["before"])
        gate.open()
        try await writing
        #expect(try await bench.names() == ["before", "during"])
    }
}
