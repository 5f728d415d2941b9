import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

/// Handlers that are slow, or never return.
@Suite(.serialized) struct `Taking too long` {
    private final class Door: Sendable {
        private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>(
            (false, []))

        /// Waits without heeding cancellation, as a badly written client does.
        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                defer { state = (true, []) }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private final class Seen: Sendable {
        private let values = Mutex<[String]>([])
        func add(_ value: String) { values.withLock { $0.append(value) } }
        var all: [String] { values.withLock { $0 } }
    }

    private func bank(
        _ subscriptions: [Subscription], in directory: TemporaryDirectory,
        settings: BusSettings = BusSettings()
    ) async throws -> (Bus, @Sendable (String, Range<Int>) async throws -> Void) {
        let registry = try EventRegistry([
            .init(module: "bank", publishes: [Deposited.self], subscriptions: subscriptions)
        ])
        let bus = Bus(registry: registry, settings: settings)
        let database = try Database(module: "bank", at: .sqlite(directory: directory.path))
        try await database.migrate(Bus.migrations)
        let outbox = bus.outbox(of: "bank", in: database)
        bus.subscribe(subscriptions, of: "bank")
        return (
            bus,
            { account, amounts in
                try await database.write { transaction in
                    for amount in amounts {
                        let deposited = Deposited(account: account, amount: amount)
                        try outbox.publish(deposited, in: transaction)
                    }
                }
            }
        )
    }

    private func eventually(_ condition: @Sendable () -> Bool) async throws {
        for _ in 0..<20_000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }

    @Test(.timeLimit(.minutes(4)))
    func `a handler that heeds nothing hits its deadline and is tried again`() async throws {
        let (door, seen) = (Door(), Seen())
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        var settings = BusSettings()
        settings.abandonGrace = .milliseconds(50)
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.letters", concurrency: 1, deadline: .seconds(1),
                    [
                        .on(Deposited.self) { event, delivery in
                            if event.account == "stuck", delivery.attempt == 1 {
                                await door.pass()
                            }
                            seen.add("\(event.account) \(delivery.attempt)")
                            return { _ in }
                        }
                    ])
            ], in: directory, settings: settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            try await deposit("stuck", 1..<2)
            try await deposit("free", 2..<3)
            try await eventually { seen.all.contains("free 1") && seen.all.contains("stuck 2") }
            // The others' calls have ended soon.
            while try await bus.consumerStatus().first?.overdue.map(\.type) != [Deposited.type] {
                try await Task.sleep(for: .milliseconds(10))
            }
            // It ends at last; its outcome is nobody's business any more.
            door.open()
            try await eventually { seen.all.contains("stuck 1") }
            group.cancelAll()
        }
        #expect(seen.all.sorted() == ["free 1", "stuck 1", "stuck 2"])
    }

    @Test(.timeLimit(.minutes(4)))
    func `G12: calls that heed nothing are bounded, and the consumer goes on when they end`()
        async throws
    {
        let (door, seen) = (Door(), Seen())
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        var settings = BusSettings()
        settings.abandonGrace = .milliseconds(10)
        settings.pollInterval = .milliseconds(50)
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.letters", concurrency: 1, deadline: .milliseconds(20),
                    retry: RetryPolicy(attemptCountMax: 1_000, initialDelay: .milliseconds(1)),
                    [
                        .on(Deposited.self) { event, _ in
                            seen.add("begun")
                            await door.pass()
                            return { _ in seen.add("done \(event.amount)") }
                        }
                    ])
            ], in: directory, settings: settings)
        let consumer = try #require(bus.consumers.first)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            for amount in 1...9 { try await deposit("account \(amount)", amount..<amount + 1) }
            try await eventually { consumer.standing == .hanging(count: 4) }
            // Many deadlines, retries and polls later there are no more.
            try await Task.sleep(for: .milliseconds(500))
            #expect(seen.all == Array(repeating: "begun", count: 4))
            #expect(consumer.standing == .hanging(count: 4))
            #expect(try await bus.consumerStatus().map(\.overdue.count) == [4])
            door.open()
            let all = Set((1...9).map { "done \($0)" })
            try await eventually { all.isSubset(of: seen.all) }
            try await eventually { consumer.standing == .running }
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `G3: a slow effect holds up its key alone`() async throws {
        let (door, seen) = (Door(), Seen())
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.letters", concurrency: 4, deadline: .seconds(600),
                    [
                        .on(Deposited.self) { event, _ in
                            if event.account == "slow", event.amount == 0 { await door.pass() }
                            seen.add("\(event.account) \(event.amount)")
                            return { _ in }
                        }
                    ])
            ], in: directory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            try await deposit("slow", 0..<150)
            try await deposit("quick", 0..<300)
            // More events than one batch go past the slow one.
            try await eventually { seen.all.count { $0.hasPrefix("quick") } == 300 }
            #expect(!seen.all.contains { $0.hasPrefix("slow") })
            door.open()
            try await eventually { seen.all.count == 450 }
            group.cancelAll()
        }
        let slow = seen.all.filter { $0.hasPrefix("slow") }
        #expect(slow == (0..<150).map { "slow \($0)" })
    }

    @Test(.timeLimit(.minutes(4)))
    func `G3: nor for longer when its lease was renewed late meanwhile`() async throws {
        let (door, seen) = (Door(), Seen())
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        var settings = BusSettings()
        settings.leaseDuration = .milliseconds(300)
        settings.pollInterval = .milliseconds(200)
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.letters", concurrency: 4, deadline: .seconds(600),
                    [
                        .on(Deposited.self) { event, _ in
                            seen.add(event.account)
                            if event.account == "slow" { await door.pass() }
                            return { _ in }
                        }
                    ])
            ], in: directory, settings: settings)
        let other = try Database(module: "bank", at: .sqlite(directory: directory.path))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            try await deposit("slow", 0..<1)
            try await eventually { seen.all == ["slow"] }
            // Nobody can renew anything for as long as this takes.
            try await other.write { _ in Thread.sleep(forTimeInterval: 1.5) }
            try await deposit("quick", 0..<1)
            try await eventually { seen.all == ["slow", "quick"] }
            door.open()
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `G4: a consumer that hangs delays neither others nor publishers`() async throws {
        let (door, seen) = (Door(), Seen())
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.hanging", concurrency: 1, deadline: .seconds(600),
                    [
                        .on(Deposited.self) { _, _ in
                            await door.pass()
                            return { _ in }
                        }
                    ]),
                Subscription(
                    "bank.failing",
                    [.on(Deposited.self) { _, _, _ in throw Unlucky() }]),
                Subscription(
                    "bank.healthy",
                    [.on(Deposited.self) { event, _, _ in seen.add("\(event.amount)") }]),
            ], in: directory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            for amount in 0..<200 { try await deposit("\(amount % 7)", amount..<amount + 1) }
            try await eventually { seen.all.count == 200 }
            door.open()
            group.cancelAll()
        }
        #expect(seen.all == (0..<200).map { "\($0)" })
    }

    @Test func `a transactional handler that goes on for ever fails at its next statement`()
        async throws
    {
        var bus = BusSettings()
        bus.handlerDurationMax = .seconds(5)
        bus.retry = RetryPolicy(attemptCountMax: 1)
        let harness = try await ModuleHarness(ScalesModule.self, bus: bus)
        let time = harness.time
        // Time passes between the handler's start and its statement.
        try await harness.database.write { transaction in
            transaction.isOverdue = { time.now > Date(timeIntervalSince1970: 0) }
            #expect(throws: TransactionOverdue.self) { try transaction.execute("SELECT 1") }
            transaction.isOverdue = nil
            try transaction.execute("SELECT 1")
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `the bus says which handler does not return`() async throws {
        let door = Door()
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let (bus, deposit) = try await bank(
            [
                .effect(
                    "bank.hanging", deadline: .milliseconds(50),
                    [
                        .on(Deposited.self) { _, _ in
                            await door.pass()
                            return { _ in }
                        }
                    ])
            ], in: directory,
            settings: {
                var settings = BusSettings()
                settings.abandonGrace = .milliseconds(500)
                return settings
            }())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            try await deposit("a", 1..<2)
            var overdue: [Bus.ConsumerStatus.Overdue] = []
            for _ in 0..<500 where overdue.isEmpty {
                try await Task.sleep(for: .milliseconds(10))
                overdue = try await bus.consumerStatus().flatMap(\.overdue)
            }
            #expect(overdue.map(\.type) == [Deposited.type])
            door.open()
            group.cancelAll()
        }
    }
}
