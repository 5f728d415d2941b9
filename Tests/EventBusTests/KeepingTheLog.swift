import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@Suite(.serialized) struct `Keeping the log` {
    /// A bus of one publishing and hearing module, with a clock that stands still.
    private final class Bank: Sendable {
        let directory = try! TemporaryDirectory()
        let time = TestTime()
        let bus: Bus
        let outbox: Outbox
        let database: Database
        let handled = Mutex<[Int]>([])

        init(start: Subscription.Start = .beginning, retention: Duration = .seconds(3_600))
            async throws
        {
            var settings = BusSettings()
            settings.retention = retention
            let time = time
            let began = time.now
            let box = Box()
            let subscription = Subscription(
                "bank.watch", from: start,
                [.on(Deposited.self) { event, _, _ in box.add(event.amount) }])
            let registry = try EventRegistry([
                .init(module: "bank", publishes: [Deposited.self], subscriptions: [subscription])
            ])
            bus = Bus(
                registry: registry,
                transport: InProcessTransport(topics: registry.publishersByTopic),
                environment: BusEnvironment(
                    settings: settings, now: { time.now },
                    uptime: { .seconds(time.now.timeIntervalSince(began)) }))
            database = try Database(module: "bank", at: .sqlite(directory: directory.path))
            try await database.migrate(Bus.migrations)
            outbox = bus.outbox(of: "bank", in: database)
            bus.subscribe([subscription], of: "bank")
            self.box = box
        }

        let box: Box

        final class Box: Sendable {
            private let amounts = Mutex<[Int]>([])
            func add(_ amount: Int) { amounts.withLock { $0.append(amount) } }
            var all: [Int] { amounts.withLock { $0 } }
        }

        func deposit(_ amounts: ClosedRange<Int>) async throws {
            try await database.write { [outbox] transaction in
                for amount in amounts {
                    try outbox.publish(Deposited(account: "a", amount: amount), in: transaction)
                }
            }
        }

        func handle() async throws {
            let member = try #require(bus.members["bank"])
            try await member.leases.step()
            while try await member.relay.step().count > 0 {}
            for consumer in member.consumers { while try await consumer.step().hasMore {} }
        }

        func positions() async throws -> [Int] {
            try await database.read { transaction in
                try transaction.rows("SELECT position FROM outbox_events ORDER BY position")
                    .map { try $0.get("position") }
            }
        }
    }

    @Test func `G9: drops old events in ranges, and keeps the newest`() async throws {
        let bank = try await Bank()
        try await bank.deposit(1...2_500)
        try await bank.handle()
        bank.time.advance(by: .seconds(3_601))
        try await bank.deposit(2_501...2_510)
        try await bank.handle()
        try await bank.bus.sweep()
        #expect(try await bank.positions() == Array(2_501...2_510))
        bank.time.advance(by: .seconds(7_200))
        try await bank.bus.sweep()
        #expect(try await bank.positions() == [2_510], "the head is known for ever")
        try await bank.deposit(1...1)
        #expect(try await bank.positions().last == 2_511)
        let records = try await bank.database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM inbox_handled")?
                .get("n", as: Int.self)
        }
        #expect(records == 0, "the records of what was handled go, too")
    }

    @Test func `G9: never drops what some consumer has not taken`() async throws {
        let bank = try await Bank()
        try await bank.deposit(1...10)
        try await bank.handle()
        try await bank.deposit(11...20)
        bank.time.advance(by: .seconds(7_200))
        try await bank.bus.sweep()
        #expect(try await bank.positions() == Array(11...20))
        try await bank.handle()
        #expect(bank.box.all == Array(1...20))
    }

    @Test func `G9: drops nothing that a reader goes back to while it looks`() async throws {
        let bank = try await Bank()
        try await bank.deposit(1...20)
        try await bank.handle()
        bank.time.advance(by: .seconds(7_200))
        // Right behind the sweep's own note of the place, a replay holds the log at another.
        try await bank.database.write {
            try $0.execute(
                """
                CREATE TRIGGER going_back AFTER INSERT ON outbox_readers
                BEGIN UPDATE outbox_readers SET position = 5 WHERE reader = new.reader; END
                """)
        }
        try await bank.bus.sweep()
        #expect(try await bank.positions() == Array(6...20))
    }

    @Test func `G9: a consumer that has never run holds everything, unless it begins with now`()
        async throws
    {
        for start in [Subscription.Start.beginning, .now] {
            let bank = try await Bank(start: start)
            try await bank.deposit(1...10)
            bank.time.advance(by: .seconds(7_200))
            try await bank.bus.sweep()
            #expect(try await bank.positions().count == (start == .now ? 1 : 10))
        }
    }

    @Test func `a consumer whose events are lost stops, says so, and can be made to go on`()
        async throws
    {
        let bank = try await Bank()
        try await bank.deposit(1...20)
        try await bank.handle()
        bank.time.advance(by: .seconds(7_200))
        try await bank.bus.sweep()
        // Its database comes back from a copy that is older than the retention.
        try await bank.database.write {
            try $0.execute("UPDATE inbox_cursors SET position = 5")
            try $0.execute("UPDATE inbox_marks SET position = 5")
            try $0.execute("UPDATE bus_leases SET is_released = 1")
        }
        try await bank.handle()
        let consumer = try #require(bank.bus.consumers.first)
        #expect(consumer.standing == .eventsLost(log: "bank", after: 5, upTo: 19))
        #expect(bank.box.all.count == 20)
        // An operator lets it go on with what is left, although it refuses replays.
        let replays = Replays(
            registry: bank.bus.registry, databases: ["bank": bank.database],
            subscriptions: [("bank", consumer.subscription)])
        try await replays.request(of: "bank.watch", from: .time(.distantPast), by: "cli:test")
        consumer.lookAnew()
        try await bank.handle()
        #expect(consumer.standing == .running)
        #expect(bank.box.all.count == 21)
        await #expect(throws: ReplayError.refused("bank.watch")) {
            try await replays.request(of: "bank.watch", from: .time(.distantPast), by: "cli:test")
        }
    }

    @Test func `a log that was restored from an older copy gives out no position twice`()
        async throws
    {
        let bank = try await Bank()
        try await bank.deposit(1...20)
        try await bank.handle()
        try await bank.database.write {
            try $0.execute("DELETE FROM outbox_events WHERE position > 12")
            try $0.execute("UPDATE sqlite_sequence SET seq = 12 WHERE name = 'outbox_events'")
        }
        try await bank.bus.mendRestoredLogs()
        try await bank.deposit(100...101)
        #expect(try await bank.positions().suffix(2) == [21, 22])
        try await bank.handle()
        #expect(bank.box.all == Array(1...20) + [100, 101])
    }

    @Test(.timeLimit(.minutes(4)))
    func `G8: a reader that is quick skips nothing, whatever commits or rolls back meanwhile`()
        async throws
    {
        struct Undone: Error {}
        let bank = try await Bank()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for round in 0..<60 {
                        let amount = writer * 1_000 + round
                        _ = try? await bank.database.write { [outbox = bank.outbox] in
                            try outbox.publish(
                                Deposited(account: "\(writer)", amount: amount), in: $0)
                            if amount % 10 == 3 { throw Undone() }
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    try await bank.handle()
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        try await bank.handle()
        let expected = (0..<8).flatMap { writer in (0..<60).map { writer * 1_000 + $0 } }
            .filter { $0 % 10 != 3 }
        #expect(bank.box.all.sorted() == expected)
        for writer in 0..<8 {
            let own = bank.box.all.filter { $0 / 1_000 == writer }
            #expect(own == own.sorted(), "G3: in the order of the commits")
        }
    }
}
