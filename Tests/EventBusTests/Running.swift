import EventBus
import Events
import FlotillaTesting
import Foundation
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import Testing

/// The bus as it runs in a process: woken by commits, stopped by shutdown.
@Suite struct `Running the bus` {
    /// Counts deposits that a running consumer has handled.
    private final class Seen: Sendable {
        private let amounts = Mutex<[Int]>([])
        private let (stream, continuation) = AsyncStream<Int>.makeStream()

        func add(_ amount: Int) {
            amounts.withLock { $0.append(amount) }
            continuation.yield(amount)
        }

        func first(_ count: Int) async -> [Int] {
            var seen: [Int] = []
            for await amount in stream {
                seen.append(amount)
                if seen.count == count { break }
            }
            return seen
        }
    }

    private func bus(
        seen: Seen, in directory: TemporaryDirectory, poll: Duration
    ) async throws -> (Bus, Outbox, Database) {
        let subscription = Subscription(
            "bank.watch", [.on(Deposited.self) { event, _, _ in seen.add(event.amount) }])
        let registry = try EventRegistry([
            .init(module: "bank", publishes: [Deposited.self], subscriptions: [subscription])
        ])
        var settings = BusSettings()
        settings.pollInterval = poll
        settings.pollIntervalMin = poll
        let bus = Bus(registry: registry, settings: settings)
        let database = try Database(module: "bank", at: .sqlite(directory: directory.path))
        try await database.migrate(Bus.migrations)
        let outbox = bus.outbox(of: "bank", in: database)
        bus.subscribe([subscription], of: "bank")
        return (bus, outbox, database)
    }

    @Test(.timeLimit(.minutes(4)))
    func `G11: delivers on the commit's wake-up, without waiting for a poll`() async throws {
        let (directory, seen) = (try TemporaryDirectory(), Seen())
        let (bus, outbox, database) = try await bus(
            seen: seen, in: directory, poll: .seconds(3_600))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            for amount in 1...50 {
                try await database.write {
                    try outbox.publish(Deposited(account: "a", amount: amount), in: $0)
                }
            }
            #expect(await seen.first(50) == Array(1...50))
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `G11: finds by polling what another process committed`() async throws {
        let (directory, seen) = (try TemporaryDirectory(), Seen())
        let (bus, _, _) = try await bus(seen: seen, in: directory, poll: .milliseconds(20))
        let other = try Database(module: "bank", at: .sqlite(directory: directory.path))
        let unheard = Outbox.unheard(module: "bank")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await bus.run() }
            try await other.write {
                try unheard.publish(Deposited(account: "a", amount: 7), in: $0)
            }
            #expect(await seen.first(1) == [7])
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `takes up after a restart where it stopped`() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<3 {
            let seen = Seen()
            let (bus, outbox, database) = try await bus(
                seen: seen, in: directory, poll: .seconds(3_600))
            // Committed while no bus runs.
            for amount in 0..<250 {
                try await database.write {
                    try outbox.publish(
                        Deposited(account: "a\(amount % 5)", amount: round * 1_000 + amount),
                        in: $0)
                }
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await bus.run() }
                let expected = (0..<250).map { round * 1_000 + $0 }
                #expect(await seen.first(250) == expected)
                group.cancelAll()
            }
            await database.close()
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `G12: ends by itself when it is asked to shut down`() async throws {
        let (directory, seen) = (try TemporaryDirectory(), Seen())
        let (bus, _, _) = try await bus(seen: seen, in: directory, poll: .seconds(3_600))
        let group = ServiceGroup(
            configuration: .init(services: [bus], logger: .init(label: "test")))
        async let running: Void = group.run()
        await group.triggerGracefulShutdown()
        try await running
    }
}

@Suite struct `Declaring who says and hears what` {
    private func subscription(_ consumer: String) -> Subscription {
        Subscription(consumer, [.on(Deposited.self) { _, _, _ in }])
    }

    @Test func `lists publishers and consumers of every type`() throws {
        let registry = try EventRegistry([
            .init(module: "bank", publishes: [Deposited.self], subscriptions: []),
            .init(
                module: "ledger", publishes: [Booked.self],
                subscriptions: [subscription("ledger.b"), subscription("ledger.a")]),
        ])
        let modules = registry.entries.filter { $0.publisher != EventRegistry.bus }
        #expect(modules.map(\.type) == [Deposited.type, Booked.type])
        #expect(modules.map(\.consumers) == [["ledger.a", "ledger.b"], []])
    }

    @Test func `refuses a type that two modules publish`() {
        #expect(throws: RegistryError.duplicateType(Deposited.type, ["bank", "ledger"])) {
            try EventRegistry([
                .init(module: "bank", publishes: [Deposited.self], subscriptions: []),
                .init(module: "ledger", publishes: [Deposited.self], subscriptions: []),
            ])
        }
    }

    @Test func `refuses a consumer of a type that nobody publishes`() {
        #expect(throws: RegistryError.unknownType(Deposited.type, "ledger.a")) {
            try EventRegistry([
                .init(module: "ledger", publishes: [], subscriptions: [subscription("ledger.a")])
            ])
        }
    }

    @Test func `refuses two consumers of one name, and names of other modules`() {
        #expect(throws: RegistryError.duplicateConsumer("bank.a")) {
            try EventRegistry([
                .init(
                    module: "bank", publishes: [Deposited.self],
                    subscriptions: [subscription("bank.a"), subscription("bank.a")])
            ])
        }
        #expect(throws: RegistryError.foreignConsumerName("other.a", module: "bank")) {
            try EventRegistry([
                .init(
                    module: "bank", publishes: [Deposited.self],
                    subscriptions: [subscription("other.a")])
            ])
        }
    }
}
