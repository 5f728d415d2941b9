// Length: one suite over one log on a server, which each test needs.

import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

/// What the bus owes to a database in which transactions commit side by side.
@Suite(.serialized) struct `Working on PostgreSQL` {
    /// One module's log on a server, and a relay that follows it.
    private final class Yard: Sendable {
        let uri: String
        let database: Database
        let outbox: Outbox
        let relay: Relay
        let transport: Recorder
        let keeper: LeaseKeeper

        init(on server: PostgresServer? = nil) async throws {
            uri = try (server ?? PostgresServer.shared()).makeDatabase()
            database = try Database(module: "yard", at: try #require(StorageURL(uri)))
            try await database.migrate(Bus.migrations)
            outbox = Outbox(module: "yard", committed: Signal(), now: { Date() })
            let environment = BusEnvironment()
            keeper = LeaseKeeper(
                module: "yard", database: database, environment: environment)
            transport = Recorder()
            relay = Relay(
                log: OutboxLog(module: "yard", database: database), transport: transport,
                committed: Signal(), leases: keeper, environment: environment)
            _ = try await relay.step()
        }

        func publish(_ account: String, _ amount: Int) async throws {
            try await database.write { [outbox] in
                try outbox.publish(Deposited(account: account, amount: amount), in: $0)
            }
        }

        /// Publishes in a transaction that stays open until the gate is opened.
        func hold(_ account: String, _ amount: Int, behind gate: Gate) async throws {
            try await database.write { [outbox] transaction in
                try outbox.publish(Deposited(account: account, amount: amount), in: transaction)
                // Makes sure that the server has it.
                _ = try transaction.rows("SELECT 1 AS one")
                gate.wait()
            }
        }

        /// Sessions of its database that wait for one another.
        func waitingCount() throws -> Int {
            let count = try PostgresServer.shared().run(
                """
                SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """, in: uri)
            return try #require(Int(count))
        }

        func relayed() async throws -> [Int] {
            for _ in 0..<3 { while try await relay.step().count > 0 {} }
            return transport.amounts
        }
    }

    /// A transport that remembers what it was given.
    private final class Recorder: Transport {
        private let taken = Mutex<[LoggedEvent]>([])
        let reader: String? = nil

        var events: [LoggedEvent] { taken.withLock { $0 } }
        var amounts: [Int] {
            events.compactMap { event in
                try? JSONDecoder().decode(Body.self, from: event.envelope.data).amount
            }
        }
        private struct Body: Decodable { let amount: Int }

        func open(_ log: OutboxLog, after position: Int64) async throws {}
        func send(_ batch: LogBatch) async throws -> Shipment {
            taken.withLock { $0 += batch.events }
            return .arrived
        }
        func inflow(
            for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
        ) -> any Inflow {
            preconditionFailure("nobody consumes here")
        }
    }

    /// Holds a database thread until a test lets it go.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let arrivedCount = Mutex(0)

        func wait() {
            arrivedCount.withLock { $0 += 1 }
            semaphore.wait()
        }

        func open() { semaphore.signal() }

        /// Returns when so many wait.
        func hasStopped(_ count: Int = 1) async throws {
            while arrivedCount.withLock({ $0 }) < count {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// What was committed of each key, in order.
    private final class Commits: Sendable {
        private let byKey = Mutex<[String: [Int]]>([:])
        private let done = Mutex(0)
        /// Writers that have ended.
        var doneCount: Int { done.withLock { $0 } }
        func end() { done.withLock { $0 += 1 } }
        var amounts: [String: [Int]] { byKey.withLock { $0 } }
        func note(_ amount: Int, of key: String) {
            byKey.withLock { $0[key, default: []].append(amount) }
        }
    }

    @Test func `G8: a position that commits late is not passed over`() async throws {
        let yard = try await Yard()
        let gate = Gate()
        async let slow: Void = yard.hold("slow", 1, behind: gate)
        try await gate.hasStopped()
        for amount in 2...4 { try await yard.publish("quick", amount) }
        #expect(try await yard.relayed().isEmpty, "an earlier position is still open")
        gate.open()
        try await slow
        #expect(try await yard.relayed() == [1, 2, 3, 4])
    }

    @Test func `G8: a position that is rolled back holds up nothing`() async throws {
        struct Undone: Error {}
        let yard = try await Yard()
        for amount in 1...6 {
            try? await yard.database.write { [outbox = yard.outbox] in
                try outbox.publish(Deposited(account: "a", amount: amount), in: $0)
                if amount.isMultiple(of: 2) { throw Undone() }
            }
        }
        #expect(try await yard.relayed() == [1, 3, 5])
    }

    @Test func `G8: a part of a transaction that is undone is neither passed on nor waited for`()
        async throws
    {
        struct Undone: Error {}
        let yard = try await Yard()
        try await yard.database.write { [outbox = yard.outbox] transaction in
            for amount in 1...3 {
                try? transaction.savepoint {
                    try outbox.publish(Deposited(account: "a", amount: amount), in: transaction)
                    if amount == 2 { throw Undone() }
                }
            }
        }
        #expect(try await yard.relayed() == [1, 3])
    }

    @Test func `G8: a prepared transaction is waited for under its other name`() async throws {
        let yard = try await Yard()
        try await yard.publish("a", 1)
        #expect(try await yard.relayed() == [1])
        let server = try PostgresServer.shared()
        let columns = "event_id, type, topic, key, time, correlation_id, data"
        let insert = """
            SET search_path TO yard; BEGIN;
            INSERT INTO outbox_events (\(columns))
            SELECT gen_random_uuid(), type, topic, 'b', now(), 'c', '{"account":"b","amount":2}'
            FROM outbox_events LIMIT 1;
            PREPARE TRANSACTION 'late-\(yard.uri.suffix(32))'
            """
        try server.run(insert, in: yard.uri)
        try await yard.publish("c", 3)
        #expect(try await yard.relayed() == [1])
        try server.run("COMMIT PREPARED 'late-\(yard.uri.suffix(32))'", in: yard.uri)
        #expect(try await yard.relayed() == [1, 2, 3])
    }

    @Test func `G8: nor is it passed over when it is prepared while it is waited for`() async throws
    {
        let yard = try await Yard()
        let gate = Gate()
        let name = "late-\(yard.uri.suffix(32))"
        async let preparing: Void = yard.database.write { [outbox = yard.outbox] transaction in
            try outbox.publish(Deposited(account: "a", amount: 1), in: transaction)
            _ = try transaction.rows("SELECT 1 AS one")
            gate.wait()
            try transaction.run(script: "PREPARE TRANSACTION '\(name)'")
        }
        try await gate.hasStopped()
        try await yard.publish("b", 2)
        #expect(try await yard.relayed().isEmpty)
        gate.open()
        try await preparing
        #expect(try await yard.relayed().isEmpty)
        try PostgresServer.shared().run("COMMIT PREPARED '\(name)'", in: yard.uri)
        #expect(try await yard.relayed() == [1, 2])
    }

    @Test func `G8: readers, other tables, other databases and a vacuum hold up nothing`()
        async throws
    {
        let yard = try await Yard()
        let elsewhere = try await Yard()
        let gate = Gate()
        async let writer: Void = elsewhere.hold("a", 1, behind: gate)
        async let reader: Void = yard.database.read { transaction in
            _ = try transaction.rows("SELECT * FROM outbox_events")
            gate.wait()
        }
        async let idler: Void = yard.database.write { transaction in
            try transaction.execute("DELETE FROM inbox_handled")
            _ = try transaction.rows("SELECT 1 AS one")
            gate.wait()
        }
        try await gate.hasStopped(3)
        try PostgresServer.shared().run("VACUUM yard.outbox_events", in: yard.uri)
        try await yard.publish("a", 7)
        #expect(try await yard.relayed() == [7])
        for _ in 0..<3 { gate.open() }
        _ = try await (writer, reader, idler)
    }

    @Test(.timeLimit(.minutes(4)))
    func `G8: two hundred sessions in the middle of something hold up nothing`() async throws {
        let server = try PostgresServer(options: ["-c", "max_connections=250"])
        let yard = try await Yard(on: server)
        var pool = PoolSettings()
        pool.connectionCountMax = 200
        pool.acquireTimeout = .seconds(60)
        let crowd = try Database(
            module: "yard", at: try #require(StorageURL(yard.uri)), pool: pool)
        let gate = Gate()
        let arrived = Commits()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await crowd.write { transaction in
                        try transaction.execute(
                            """
                            INSERT INTO inbox_marks (consumer, log, key, position)
                            VALUES ('crowd', 'yard', \("\(number)"), 1)
                            """)
                        _ = try transaction.rows("SELECT 1 AS one")
                        arrived.end()
                        gate.wait()
                    }
                }
            }
            while arrived.doneCount < 200 { try await Task.sleep(for: .milliseconds(20)) }
            for amount in 1...20 { try await yard.publish("a", amount) }
            #expect(try await yard.relayed() == Array(1...20))
            for _ in 0..<200 { gate.open() }
            // Those that were idle for too long were ended; that is not what is asked here.
            while await group.nextResult() != nil {}
        }
        await crowd.close()
    }

    @Test(.timeLimit(.minutes(2)))
    func `G3, G8: many writers, slow ones and failing ones: none is lost, each key is in order`()
        async throws
    {
        struct Undone: Error {}
        let yard = try await Yard()
        let (writers, rounds) = (12, 60)
        let committed = Commits()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for round in 0..<rounds {
                        let key = "key \((writer + round) % 5)"
                        let amount = writer * 1_000 + round
                        let pause = UInt32.random(in: 0...4_000)
                        try? await yard.database.write(isolation: .readCommitted) {
                            [outbox = yard.outbox] transaction in
                            try outbox.publish(
                                Deposited(account: key, amount: amount), in: transaction)
                            _ = try transaction.rows("SELECT 1 AS one")
                            usleep(pause)
                            if amount % 10 == 3 { throw Undone() }
                            // Nobody else writes for this key now: this is its order.
                            committed.note(amount, of: key)
                        }
                    }
                    committed.end()
                }
            }
            group.addTask {
                while committed.doneCount < writers {
                    _ = try await yard.relay.step()
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            try await group.waitForAll()
        }
        _ = try await yard.relayed()
        let relayed = yard.transport.events
        #expect(relayed.map(\.position) == relayed.map(\.position).sorted())
        for (key, amounts) in committed.amounts {
            let seen = zip(relayed, yard.transport.amounts).filter { $0.0.envelope.key == key }
            #expect(seen.map(\.1) == amounts, "\(key)")
        }
    }

    @Test func `G3: who publishes for a key waits for the one who did`() async throws {
        let yard = try await Yard()
        let gate = Gate()
        async let first: Void = yard.hold("a", 1, behind: gate)
        try await gate.hasStopped()
        async let second: Void = yard.publish("a", 2)
        while try yard.waitingCount() < 1 { try await Task.sleep(for: .milliseconds(5)) }
        // One that waited would never return.
        try await yard.publish("b", 3)
        gate.open()
        _ = try await (first, second)
        #expect(try await yard.relayed().filter { $0 != 3 } == [1, 2])
    }

    @Test func `drops the log by partitions, and never what somebody has not taken`() async throws {
        let yard = try await Yard()
        let log = OutboxLog(module: "yard", database: yard.database)
        let now = Date()
        try await yard.publish("a", 1)
        // Into the second partition, and near its end.
        try await yard.database.write { transaction in
            _ = try transaction.first("SELECT setval('outbox_positions', 100002)")
        }
        let end = try await log.ensurePartitions(at: now)
        #expect(end > 200_000)
        #expect(try await log.ensurePartitions(at: now) == end, "once is enough")
        try await yard.publish("a", 2)
        try await log.note("yard.watch", at: 50, now: now)
        func drop(before time: Date) async throws -> Bool {
            try await log.drop(takenBy: ["yard.watch"], before: time, countMax: 1_000)
        }
        #expect(try await !drop(before: now + 60), "a reader is in the middle of it")
        try await log.note("yard.watch", at: 100_003, now: now)
        #expect(try await !drop(before: now - 60), "too new")
        #expect(try await drop(before: now + 60))
        #expect(try await log.floor() == 100_000)
        #expect(try await !drop(before: now + 60), "the one that is written to stays")
        let left = try await log.events(after: 0, upTo: .max, limit: 10)
        #expect(left.map(\.position) == [100_003])
    }
}
