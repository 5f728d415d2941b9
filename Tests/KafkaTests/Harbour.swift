import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@testable import Kafka

/// What the modules of these tests tell each other.
struct Shipped: Event {
    static let type: EventType = "ShippedEventV1"
    static let topic: Topic = "port.events"
    let ship: String
    let number: Int
    var key: String { ship }
}

/// A module that ships and one that hears of it, each as a process of its own would run them.
final class Harbour: Sendable {
    let settings: KafkaSettings
    let registry: EventRegistry
    let seen: Seen
    private let directory: TemporaryDirectory
    let portDatabase: Database
    let quayDatabase: Database

    final class Seen: Sendable {
        private let events = Mutex<[Shipped]>([])
        var all: [Shipped] { events.withLock { $0 } }
        func add(_ event: Shipped) { events.withLock { $0.append(event) } }
        func numbers(of ship: String) -> [Int] { all.filter { $0.ship == ship }.map(\.number) }
    }

    init(
        _ brokers: String, storage: StorageEngine = .sqlite,
        change: (inout KafkaSettings) -> Void = { _ in }
    ) async throws {
        var settings = KafkaSettings(brokers: brokers)
        settings.partitionCount = 3
        settings.deliveryTimeout = .seconds(5)
        settings.properties = [
            "session.timeout.ms": "6000", "reconnect.backoff.max.ms": "500",
            "topic.metadata.refresh.interval.ms": "500",
        ]
        change(&settings)
        self.settings = settings
        seen = Seen()
        registry = try EventRegistry([
            .init(module: "port", publishes: [Shipped.self], subscriptions: []),
            .init(module: "quay", publishes: [], subscriptions: Self.subscriptions(seen)),
        ])
        directory = try TemporaryDirectory()
        let url = try await storage.makeURL(in: directory)
        portDatabase = try Database(module: "port", at: url)
        quayDatabase = try Database(module: "quay", at: url)
        for database in [portDatabase, quayDatabase] { try await database.migrate(Bus.migrations) }
    }

    /// The same databases, and another cluster.
    private init(_ other: Harbour, brokers: String) {
        var settings = other.settings
        settings.brokers = brokers
        self.settings = settings
        (registry, seen, directory) = (other.registry, other.seen, other.directory)
        (portDatabase, quayDatabase) = (other.portDatabase, other.quayDatabase)
    }

    func moved(to brokers: String) -> Harbour { Harbour(self, brokers: brokers) }

    private static func subscriptions(_ seen: Seen) -> [Subscription] {
        [
            Subscription(
                "quay.arrivals", replay: .repeated,
                [
                    .on(Shipped.self) { event, _, transaction in
                        transaction.afterCommit { seen.add(event) }
                    }
                ])
        ]
    }

    /// Publishes as the port's own process does.
    func ship(_ ship: String, _ numbers: ClosedRange<Int>) async throws {
        try await publish(numbers.map { Shipped(ship: ship, number: $0) })
    }

    func publish(_ events: [any Event]) async throws {
        let outbox = Outbox.unheard(module: "port")
        try await portDatabase.write { transaction in
            for event in events { try outbox.publish(event, in: transaction) }
        }
    }

    private func bus(
        _ transport: any Transport, shadow: (any Transport)? = nil, of program: EventRegistry? = nil
    ) -> Bus {
        var settings = BusSettings()
        settings.pollInterval = .milliseconds(100)
        settings.leaseDuration = .seconds(1)
        // One batch, so that several are on their way.
        settings.windowCountMax = settings.batchCountMax
        return Bus(
            registry: program ?? registry, transport: transport, shadow: shadow,
            environment: BusEnvironment(settings: settings))
    }

    /// Both modules in one process, whose events are sent to the cluster besides.
    func whole() -> Bus {
        let bus = bus(
            InProcessTransport(topics: registry.publishersByTopic),
            shadow: KafkaTransport(settings: settings, registry: registry))
        _ = bus.outbox(of: "port", in: portDatabase)
        _ = bus.outbox(of: "quay", in: quayDatabase)
        bus.subscribe(Self.subscriptions(seen), of: "quay")
        return bus
    }

    func cutover() throws -> Cutover {
        try Cutover(
            module: "quay", subscriptions: Self.subscriptions(seen), registry: registry,
            databases: ["port": portDatabase, "quay": quayDatabase])
    }

    func port(by transport: (any Transport)? = nil) -> Bus {
        let bus = bus(transport ?? KafkaTransport(settings: settings, registry: registry))
        _ = bus.outbox(of: "port", in: portDatabase)
        return bus
    }

    func quay() -> Bus {
        let bus = bus(KafkaTransport(settings: settings, registry: registry))
        _ = bus.outbox(of: "quay", in: quayDatabase)
        bus.subscribe(Self.subscriptions(seen), of: "quay")
        return bus
    }

    /// What the quay of the first version hears.
    static func arrivals(_ seen: Seen) -> Subscription {
        Subscription(
            "quay.arrivals",
            [
                .on(Shipped.self) { event, _, transaction in
                    transaction.afterCommit { seen.add(event) }
                }
            ])
    }

    /// A process of the quay that runs a program of its own.
    func quay(
        hearing subscriptions: [Subscription], of events: [any Event.Type] = [Shipped.self]
    ) throws -> Member {
        let program = try EventRegistry([
            .init(module: "port", publishes: events, subscriptions: []),
            .init(module: "quay", publishes: [], subscriptions: subscriptions),
        ])
        let transport = KafkaTransport(settings: settings, registry: program)
        let bus = bus(transport, of: program)
        _ = bus.outbox(of: "quay", in: quayDatabase)
        bus.subscribe(subscriptions, of: "quay")
        return Member(bus: bus, transport: transport)
    }

    /// One of several processes of the quay.
    struct Member {
        let bus: Bus
        let transport: KafkaTransport
        var partitionCount: Int {
            transport.state.withLock { $0.receivers["quay"]?.partitions.count ?? 0 }
        }
    }

    /// Runs buses for as long as `body` takes; each ends as a process does that is told to.
    func running(_ buses: Bus..., body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bus in buses { group.addTask { await bus.run() } }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            for bus in buses { bus.stop() }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    /// Waits until the quay has seen so many of a ship's events.
    func arrival(of ship: String, _ count: Int, within limit: Duration = .seconds(60)) async throws
    {
        let end = ContinuousClock.now + limit
        while seen.numbers(of: ship).count < count, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        // What would come twice had its chance.
        try await Task.sleep(for: .milliseconds(100))
        #expect(seen.numbers(of: ship) == Array(1...count), "each once and in order")
    }

    /// Waits until the cluster has all that was published.
    func hasSent() async throws {
        let log = OutboxLog(module: "port", database: portDatabase)
        while try await log.readers().first?.position ?? 0 < log.newest() {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func republish() async throws {
        _ = try await OutboxLog(module: "port", database: portDatabase)
            .republish(by: "kafka", after: 0)
    }

    /// The dead letters of the quay, oldest first.
    func deadLetters() async throws -> [DeadLetter] {
        let letters = DeadLetters(
            registry: registry, databases: ["quay": quayDatabase],
            consumers: ["quay.arrivals": "quay"])
        return try await letters.list().reversed()
    }

    /// Leaves the leases as a process does that is killed.
    func die() async throws {
        for database in [portDatabase, quayDatabase] {
            try await database.write { transaction in
                try transaction.execute(
                    "UPDATE bus_leases SET holder = 'dead', is_released = \(false)")
            }
        }
    }

    /// Of what was received: the records that were read, and the events that were new.
    func received() async throws -> (readCount: Int, newCount: Int) {
        try await quayDatabase.read { transaction in
            let row = try transaction.first(
                """
                SELECT CAST(SUM(next_offset) AS BIGINT) AS seen,
                    CAST(SUM(position) AS BIGINT) AS fresh
                FROM inbox_streams
                """)
            return (
                Int(try row?.get("seen", as: Int64.self) ?? 0),
                Int(try row?.get("fresh", as: Int64.self) ?? 0)
            )
        }
    }
}
