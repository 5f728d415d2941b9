import EventBus
import Foundation
import Kafka
import Storage
import Synchronization

/// A publisher and consumers with trivial handlers, each module on a database of its own, around
/// one bus.
final class Rig: Sendable {
    static let publisher = "source"

    /// How a rig is put together; every instance of one measurement is built alike.
    struct Plan: Sendable {
        var storage: StorageURL
        var consumerCount = 4
        /// The consumers are spread over so many modules.
        var moduleCount = 4
        var kafka: KafkaSettings?
    }

    let plan: Plan
    let bus: Bus
    let databases: [String: Database]
    let outbox: Outbox
    /// By consumer, what was handled and committed.
    let counts: [HandledCount]
    /// Consumers by module.
    let consumerCounts: [String: Int]

    /// - Parameter onHandled: called with each event's number when its effect is committed.
    init(_ plan: Plan, onHandled: (@Sendable (Int) -> Void)? = nil) throws {
        self.plan = plan
        let counts = (0..<plan.consumerCount).map { _ in HandledCount() }
        var subscriptions: [String: [Subscription]] = [:]
        for (index, count) in counts.enumerated() {
            let module = "sink\(index % max(1, plan.moduleCount) + 1)"
            subscriptions[module, default: []].append(
                Subscription(
                    "\(module).counter-\(index + 1)",
                    [
                        .on(Happened.self) { event, _, transaction in
                            transaction.afterCommit {
                                count.increment()
                                onHandled?(event.number)
                            }
                        }
                    ]))
        }
        let registry = try EventRegistry(
            [.init(module: Self.publisher, publishes: [Happened.self], subscriptions: [])]
                + subscriptions.sorted { $0.key < $1.key }.map {
                    .init(module: $0.key, publishes: [], subscriptions: $0.value)
                })
        if let kafka = plan.kafka {
            bus = Bus(
                registry: registry, transport: KafkaTransport(settings: kafka, registry: registry),
                environment: BusEnvironment())
        } else {
            bus = Bus(registry: registry, settings: BusSettings())
        }
        var databases: [String: Database] = [:]
        let source = try Database(module: Self.publisher, at: plan.storage)
        databases[Self.publisher] = source
        outbox = bus.outbox(of: Self.publisher, in: source)
        for (module, subscriptions) in subscriptions {
            let database = try Database(module: module, at: plan.storage)
            databases[module] = database
            _ = bus.outbox(of: module, in: database)
            bus.subscribe(subscriptions, of: module)
        }
        self.databases = databases
        self.counts = counts
        consumerCounts = subscriptions.mapValues(\.count)
    }

    var source: Database {
        get throws {
            guard let database = databases[Self.publisher] else {
                throw WrongResult("no publisher")
            }
            return database
        }
    }

    var sinks: [Database] {
        databases.filter { $0.key != Self.publisher }.sorted { $0.key < $1.key }.map(\.value)
    }

    func migrate() async throws {
        for database in databases.values { try await database.migrate(Bus.migrations) }
    }

    /// Runs the bus beside the work, and closes everything after it.
    func running<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) async throws -> T {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.bus.run() }
            let result: Result<T, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            bus.stop()
            try await group.waitForAll()
            await close()
            return try result.get()
        }
    }

    func close() async {
        for database in databases.values { await database.close() }
    }
}

/// Counts from any thread.
final class HandledCount: Sendable {
    private let count = Atomic(0)

    func increment() { count.add(1, ordering: .relaxed) }

    var value: Int { count.load(ordering: .relaxed) }
}
