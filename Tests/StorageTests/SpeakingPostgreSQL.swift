// Length: everything that one engine alone does, in one suite with its server.

import FlotillaTesting
import Foundation
import Instrumentation
import Storage
import Synchronization
import Testing

private func transact<T: Sendable>(
    _ backend: PostgresBackend, _ isolation: Isolation = .snapshot,
    body: @escaping @Sendable (Transaction) throws -> T
) async throws -> T {
    try await backend.write(isolation, in: .topLevel, body)
}

/// Counts what happens in closures that run at once.
private final class Count: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    @discardableResult
    func add() -> Int {
        number.withLock { number in
            number += 1
            return number
        }
    }
}

/// Keeps in which order things happened.
private final class Order: Sendable {
    private let numbers = Mutex<[Int]>([])
    var all: [Int] { numbers.withLock { $0 } }
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

/// What only PostgreSQL has: a network, a pool, conflicts between writers.
@Suite struct `Speaking to PostgreSQL` {
    /// A backend of its own on a new database, with its table.
    private func backend(
        pool: PoolSettings = PoolSettings()
    ) async throws -> (bench: Bench, backend: PostgresBackend) {
        let bench = try await Bench(on: .postgres)
        guard case .postgres(let url) = bench.url else { throw Planned() }
        return (bench, PostgresBackend(url: url, module: "bench", pool: pool))
    }

    @Test func `sends a transaction that needs no answers in one round trip`() async throws {
        // A second connection would begin with a round trip of its own.
        var pool = PoolSettings()
        pool.connectionCountMax = 1
        let (_, backend) = try await backend(pool: pool)
        let transaction: @Sendable (Transaction) throws -> Void = { transaction in
            for number in 0..<5 {
                try transaction.execute("INSERT INTO items (name) VALUES (\("n\(number)"))")
            }
            try transaction.execute("UPDATE items SET name = name || '!'")
            try transaction.execute("DELETE FROM items")
        }
        try await transact(backend, body: transaction)
        let before = backend.roundTripCount
        try await transact(backend, body: transaction)
        #expect(backend.roundTripCount - before == 1, "BEGIN and COMMIT included")
        _ = try await transact(backend) { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('a')")
            let id = try transaction.first("SELECT id FROM items")?.get("id", as: Int.self)
            try transaction.execute("DELETE FROM items WHERE id = \(id)")
        }
        #expect(backend.roundTripCount - before == 3, "one more for an answer")
        await backend.close()
    }

    @Test func `runs a transaction again that came into another's way, until it comes through`()
        async throws
    {
        let (bench, backend) = try await backend()
        try await bench.insert("0")
        let tryCount = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    try await transact(backend) { transaction in
                        tryCount.add()
                        let name = try transaction.first("SELECT name FROM items")?
                            .get("name", as: String.self)
                        let next = (name.flatMap { Int($0) } ?? 0) + 1
                        // As on a busy machine: whoever reads meanwhile will be too late.
                        usleep(10_000)
                        try transaction.execute("UPDATE items SET name = \("\(next)")")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await bench.names() == ["60"], "no update was lost")
        #expect(tryCount.value > 60, "some did meet")
        await backend.close()
    }

    @Test(arguments: [
        StorageError(kind: .conflict, code: "40001", detail: "always"),
        StorageError(kind: .statement, code: "26000", detail: "no such prepared statement"),
    ])
    func `runs a transaction no more whose caller has gone`(after error: StorageError) async throws
    {
        let (_, backend) = try await backend()
        let (met, meet) = AsyncStream<Void>.makeStream()
        let (tryCount, gate) = (Count(), Gate())
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await transact(backend) { _ in
                    meet.yield()
                    if tryCount.add() == 1 { gate.wait() }
                    throw error
                }
            }
            for await _ in met { break }
            group.cancelAll()
            let end = ContinuousClock.now
            gate.open()
            let result = await group.nextResult()
            #expect(throws: CancellationError.self) { try result?.get() }
            #expect(ContinuousClock.now - end < .seconds(4), "long before it would be given up")
        }
        await backend.close()
        #expect(tryCount.value == 1)
    }

    @Test func `loses no deadlock's victim`() async throws {
        let (bench, backend) = try await backend()
        for name in ["a", "b"] { try await bench.insert(name) }
        let met = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for order in [["a", "b"], ["b", "a"]] {
                group.addTask {
                    try await transact(backend, .readCommitted) { transaction in
                        for name in order {
                            _ = try transaction.first(
                                "SELECT id FROM items WHERE name = \(name) FOR UPDATE")
                            met.add()
                            let end = Date() + 2
                            while met.value < 2, Date() < end { usleep(1_000) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(met.value > 4, "one was run again")
        await backend.close()
    }

    @Test func `lets a transaction choose what it sees of others`() async throws {
        let (bench, backend) = try await backend()
        try await bench.insert("before")
        for (isolation, expected) in [(Isolation.snapshot, 1), (.readCommitted, 2)] {
            try await bench.database.write { try $0.execute("DELETE FROM items WHERE id > 1") }
            let (entered, enter) = AsyncStream<Void>.makeStream()
            let gate = Gate()
            async let count = transact(backend, isolation) { transaction -> Int? in
                _ = try transaction.rows("SELECT * FROM items")
                enter.yield()
                gate.wait()
                return try transaction.first("SELECT COUNT(*) AS n FROM items")?.get("n")
            }
            for await _ in entered { break }
            try await bench.insert("during")
            gate.open()
            #expect(try await count == expected)
        }
        await backend.close()
    }

    @Test(.timeLimit(.minutes(4)))
    func `refuses write skew where it is asked to`() async throws {
        let (bench, backend) = try await backend()
        try await bench.insert("0")
        let begun = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...2 {
                group.addTask {
                    try await transact(backend, .serializable) { transaction in
                        let count = try transaction.first("SELECT COUNT(*) AS n FROM items")?
                            .get("n", as: Int.self)
                        begun.add()
                        let end = Date() + 2
                        while begun.value < 2, Date() < end { usleep(1_000) }
                        // Only the first of all may say that it was alone.
                        guard count == 1 else { return }
                        try transaction.execute("INSERT INTO items (name) VALUES (\("\(number)"))")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await bench.names().count == 2)
        await backend.close()
    }

    @Test(.timeLimit(.minutes(4)))
    func `cancels the statement of a cancelled task, and goes on`() async throws {
        var pool = PoolSettings()
        pool.connectionCountMax = 1
        let (_, backend) = try await backend(pool: pool)
        let start = ContinuousClock.now
        let task = Task {
            try await transact(backend) { _ = try $0.rows("SELECT pg_sleep(20)") }
        }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(15))
        let one = try await transact(backend) {
            try $0.first("SELECT 1 AS one")?.get("one", as: Int.self)
        }
        #expect(one == 1)
        await backend.close()
    }

    @Test(.timeLimit(.minutes(4)))
    func `gives out connections in turn, and refuses who waits too long`() async throws {
        var pool = PoolSettings()
        pool.connectionCountMax = 1
        pool.acquireTimeout = .seconds(2)
        let (_, backend) = try await backend(pool: pool)
        let gate = Gate()
        let (entered, enter) = AsyncStream<Void>.makeStream()
        async let holding: Void = transact(backend) { _ in
            enter.yield()
            gate.wait()
        }
        for await _ in entered { break }
        let error = await #expect(throws: StorageError.self) {
            try await transact(backend) { _ in }
        }
        #expect(error?.kind == .overloaded)
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    try await transact(backend) { _ in order.add(number) }
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            gate.open()
            try await group.waitForAll()
        }
        #expect(order.all == Array(0..<5))
        try await holding
        await backend.close()
    }

    @Test func `goes on after the server ended its connections`() async throws {
        let (bench, backend) = try await backend()
        try await transact(backend) { try $0.execute("INSERT INTO items (name) VALUES ('a')") }
        try end(connectionsTo: bench)
        try await transact(backend) { try $0.execute("INSERT INTO items (name) VALUES ('b')") }
        // In the middle of a transaction, before its commit was sent.
        let runCount = Count()
        try await transact(backend) { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('c')")
            _ = try transaction.rows("SELECT 1 AS one")
            if runCount.add() == 1 { try end(connectionsTo: bench) }
            _ = try transaction.rows("SELECT 1 AS one")
        }
        #expect(runCount.value == 2)
        #expect(try await bench.names() == ["a", "b", "c"])
        await backend.close()
    }

    private func end(connectionsTo bench: Bench) throws {
        guard case .postgres(let url) = bench.url else { return }
        let name = try #require(url.description.split(separator: "/").last)
        try PostgresServer.shared().run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
    }

    @Test func `prepares a statement anew when its table has changed`() async throws {
        let (bench, backend) = try await backend()
        let read: @Sendable (Transaction) throws -> [Row] = { try $0.rows("SELECT * FROM items") }
        try await bench.insert("a")
        #expect(try await transact(backend, body: read).count == 1)
        try await bench.database.write {
            try $0.execute("ALTER TABLE items ADD COLUMN colour TEXT DEFAULT 'red'")
        }
        let row = try #require(try await transact(backend, body: read).first)
        #expect(try row.get("colour", as: String.self) == "red")
        await backend.close()
    }

    @Test func `commits nothing of a transaction whose failure was ignored`() async throws {
        let (bench, backend) = try await backend()
        try await bench.insert("a")
        let error = await #expect(throws: StorageError.self) {
            try await transact(backend) { transaction in
                try transaction.execute("INSERT INTO items (name) VALUES ('b')")
                _ = try? transaction.rowsChanged(by: "INSERT INTO items (name) VALUES ('a')")
            }
        }
        #expect(error?.kind == .uniqueViolation)
        #expect(try await bench.names() == ["a"])
        // Also one that nobody looked at before the commit.
        await #expect(throws: StorageError.self) {
            try await transact(backend) { transaction in
                try transaction.execute("INSERT INTO items (name) VALUES ('a')")
                try transaction.execute("INSERT INTO items (name) VALUES ('c')")
            }
        }
        #expect(try await bench.names() == ["a"])
        await backend.close()
    }

    @Test func `blames a part for a failure that was sent in it`() async throws {
        let (bench, backend) = try await backend()
        try await bench.insert("a")
        try await transact(backend) { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('b')")
            #expect(throws: StorageError.self) {
                try transaction.savepoint {
                    try transaction.execute("INSERT INTO items (name) VALUES ('a')")
                }
            }
            try transaction.execute("INSERT INTO items (name) VALUES ('c')")
        }
        #expect(try await bench.names() == ["a", "b", "c"])
        await backend.close()
    }

    @Test func `blames the outer part for a failure that was sent before the inner one`()
        async throws
    {
        let (bench, backend) = try await backend()
        try await bench.insert("a")
        try await transact(backend) { transaction in
            try transaction.execute("INSERT INTO items (name) VALUES ('b')")
            #expect(throws: StorageError.self) {
                try transaction.savepoint {
                    try transaction.execute("INSERT INTO items (name) VALUES ('a')")
                    // It never begins, and must not end the part around it.
                    _ = try transaction.savepoint { try transaction.first("SELECT 1 AS one") }
                }
            }
            try transaction.execute("INSERT INTO items (name) VALUES ('c')")
        }
        #expect(try await bench.names() == ["a", "b", "c"])
        await backend.close()
    }

    @Test func `reads the types that only it has`() async throws {
        let (_, backend) = try await backend()
        let row = try #require(
            try await transact(backend) { transaction in
                try transaction.first(
                    """
                    SELECT 12345.678900::numeric AS price, -0.00012::numeric AS small,
                        123456789012::numeric AS large, '{"a": 1}'::jsonb AS document,
                        ARRAY['x', NULL, 'it''s "q" \\'] AS texts, ARRAY[1, 2]::bigint[] AS numbers,
                        '{}'::text[] AS none, 7::int2 AS small_int, 1.5::float4 AS single,
                        '1969-07-20T20:17:40.000001Z'::timestamptz AS landing,
                        'NaN'::numeric IS NULL AS is_null
                    """)
            })
        #expect(try row.get("price", as: Decimal.self) == Decimal(string: "12345.6789"))
        #expect(try row.get("small", as: Decimal.self) == Decimal(string: "-0.00012"))
        #expect(try row.get("large", as: Int64.self) == 123_456_789_012)
        #expect(try row.get("document", as: JSON.self).data == Data(#"{"a": 1}"#.utf8))
        #expect(try row.get("texts", as: [String?].self) == ["x", nil, #"it's "q" \"#])
        #expect(try row.get("numbers", as: [Int].self) == [1, 2])
        #expect(try row.get("none", as: [String].self).isEmpty)
        #expect(try row.get("small_int", as: Int.self) == 7)
        #expect(try row.get("single", as: Double.self) == 1.5)
        let landing = try row.get("landing", as: Date.self).timeIntervalSince1970
        #expect(abs(landing + 14_182_939.999999) < 0.000_001)
        await backend.close()
    }

    @Test func `refuses text that PostgreSQL can't hold`() async throws {
        let (bench, backend) = try await backend()
        let error = await #expect(throws: StorageError.self) {
            try await transact(backend) {
                try $0.execute("INSERT INTO items (name) VALUES (\("a\0b"))")
            }
        }
        #expect(error?.kind == .constraintViolation)
        #expect(try await bench.names().isEmpty, "not cut short in silence")
        await backend.close()
    }

    @Test func `names its module to the server`() async throws {
        let (_, backend) = try await backend()
        let name = try await transact(backend) {
            try $0.first("SELECT current_setting('application_name') AS name")?
                .get("name", as: String.self)
        }
        #expect(name == "flotilla/bench")
        await backend.close()
    }

    @Test func `takes the password from a file, anew for each connection`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/password"
        try "first\n".write(toFile: path, atomically: true, encoding: .utf8)
        let url = try #require(
            PostgresURL("postgres://x@127.0.0.1/y?passwordFile=\(path)&sslmode=prefer"))
        #expect(try url.password() == "first")
        try "second".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try url.password() == "second")
        #expect(!url.description.contains(path))
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: StorageError.self) { try url.password() }
    }

    @Test(arguments: [
        ("postgres://ada:secret@db.example:6543/shop", "postgres://db.example:6543/shop"),
        ("postgresql:///shop?host=/run/postgresql", "postgres:///run/postgresql:5432/shop"),
        ("postgres://h/shop?nonsense=1", nil), ("postgres://h:port/shop", nil),
        ("postgres://h/shop?passwordFile=", nil), ("mysql://h/shop", nil),
    ])
    func `reads a URI as libpq does, and shows no secret`(text: String, shown: String?) {
        #expect(PostgresURL(text)?.description == shown)
    }

    @Test func `says that a server is away, and comes back when it does`() async throws {
        let url = try #require(PostgresURL("postgres://flotilla@127.0.0.1:1/none"))
        let backend = PostgresBackend(url: url, module: "bench")
        let error = await #expect(throws: StorageError.self) {
            try await transact(backend) { _ in }
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.isTransient == true)
        await backend.close()
    }
}
