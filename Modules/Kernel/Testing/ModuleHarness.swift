public import EventBus
public import Events
import Foundation
public import Platform
import Settings
public import Storage
import Synchronization
package import Web

/// Runs one module alone: its own database, a fake bus in the place of the other modules, HTTP
/// without a socket, and a clock that stands still.
///
/// ```swift
/// let harness = try await ModuleHarness(OrderModule.self)
/// try await harness.publish(UserRegistered(…))          // as the User module would
/// try await harness.settle()                            // everything heard is handled
/// #expect(try await harness.published(OrderCreated.self).count == 1)
/// ```
///
/// Nothing runs in the background: a test says when events are delivered, so it never waits.
public final class ModuleHarness<M: Module>: Sendable {
    /// The module under test.
    public let module: M
    /// What the module sees as the current time.
    public let time: TestTime
    /// The module's own database, for a look at its state.
    public let database: Database
    let signingKey: SigningKey
    /// What User seals for Notification.
    package let sealing: SealingKeys
    let endedAccess = EndedAccess()

    private static var outside: String { Simulation.outside }
    private let directory: TemporaryDirectory
    private let outsideDatabase: Database
    private let outsideOutbox: Outbox
    private let environment: BusEnvironment
    private let transport: InProcessTransport
    private let registry: EventRegistry
    private let hands: Mutex<Hands>

    /// What moves when a test says so.
    private struct Hands {
        var relays: [Relay] = []
        var leases: LeaseKeeper?
        var consumers: [Consumer] = []
    }

    /// Puts a module into an empty world.
    ///
    /// - Parameters:
    ///   - settings: values by key, as a configuration file would give them.
    ///   - retry: how patient all of the module's consumers are; each as it says when `nil`.
    /// - Throws: `SettingsError` for a bad value; `StorageError`; what the module's `init` throws.
    public convenience init(
        _ type: M.Type, settings: [String: String] = [:], retry: RetryPolicy? = nil,
        time: TestTime = TestTime(), on engine: StorageEngine = .preferred
    ) async throws {
        var bus = BusSettings()
        if let retry {
            let consumers = try Simulation.registry([M.self]).consumers(of: M.name)
            for consumer in consumers { bus.retryByConsumer[consumer] = retry }
        }
        try await self.init(type, settings: settings, bus: bus, time: time, on: engine)
    }

    /// Puts a module into an empty world whose bus has limits of its own.
    ///
    /// - Throws: as the other initializer.
    public init(
        _ type: M.Type, settings: [String: String] = [:], bus: BusSettings,
        time: TestTime = TestTime(), on engine: StorageEngine = .preferred
    ) async throws {
        self.time = time
        directory = try TemporaryDirectory()
        let url = try await engine.makeURL(in: directory)
        database = try Database(module: M.name, at: url)
        outsideDatabase = try Database(module: Self.outside, at: url)
        let start = time.now
        environment = BusEnvironment(
            settings: bus, now: { time.now },
            uptime: { .seconds(time.now.timeIntervalSince(start)) }, chance: { 0.999 })
        signingKey = try SigningKey(pem: SigningKey.generatePEM())
        sealing = try SealingKeys(SealingKeys.generate())

        let committed = Signal()
        outsideOutbox = Outbox(module: Self.outside, committed: committed, now: { time.now })
        module = try M(
            settings: try Settings.load(
                file: nil, flags: settings, environment: [:],
                catalogue: SettingsCatalogue(M.settings)),
            platform: Platform(
                module: M.name, database: database,
                outbox: Outbox(
                    module: M.name, types: Set(M.publishes.map { $0.type }), committed: committed,
                    now: { time.now }),
                now: { time.now }, signingKey: signingKey,
                secrets: try SealingKeys(SealingKeys.generate()), sealing: sealing,
                endedAccess: endedAccess))
        try await outsideDatabase.migrate(Bus.migrations)
        for set in [Bus.migrations] + M.migrations { try await database.migrate(set) }

        registry = try Simulation.registry([M.self])
        transport = InProcessTransport(topics: registry.publishersByTopic)
        hands = Mutex(Hands())
        try await restart()
    }

    /// Ends the module's process and starts it anew.
    ///
    /// - Parameter isClean: whether it ends in an orderly way; else it dies where it stands.
    /// - Throws: `StorageError`.
    public func restart(isClean: Bool = true) async throws {
        if let leases = hands.withLock({ $0.leases }) {
            if isClean { await leases.release() } else { try await outliveLeases() }
        }
        let leases = LeaseKeeper(
            module: M.name, database: database,
            environment: BusEnvironment(
                settings: environment.settings, now: environment.now,
                uptime: environment.uptime))
        let knownTypes = Set(registry.entries.map(\.type))
        let relays = [outsideDatabase, database].map { database in
            Relay(
                log: OutboxLog(module: database.name, database: database), transport: transport,
                committed: Signal(), leases: leases, environment: environment)
        }
        for relay in relays { _ = try await relay.step() }
        let consumers = module.subscriptions.map {
            Consumer(
                $0, module: M.name, database: database, transport: transport, wake: Signal(),
                leases: leases, knownTypes: knownTypes, environment: environment)
        }
        try await leases.step()
        hands.withLock { $0 = Hands(relays: relays, leases: leases, consumers: consumers) }
    }

    /// Lets so much time pass that nobody holds a lease any more. On PostgreSQL leases go by the
    /// server's clock, which a test can't set.
    private func outliveLeases() async throws {
        time.advance(by: .seconds(60))
        guard database.dialect == .postgresql else { return }
        try await database.write { transaction in
            try transaction.execute("UPDATE bus_leases SET expires_at = now() - interval '1 hour'")
            try transaction.execute("DELETE FROM bus_instances")
        }
    }

    /// Publishes an event as the module that owns it would. It is delivered by `settle()`.
    ///
    /// - Throws: as `Outbox.publish(_:in:)`.
    @discardableResult
    public func publish(_ event: some Event) async throws -> EventID {
        try await outsideDatabase.write { [outsideOutbox] in
            try outsideOutbox.publish(event, in: $0)
        }
    }

    /// Delivers until nothing is left to do at the present time. What failed waits for its retry:
    /// move `time` on and settle again.
    ///
    /// - Throws: `StorageError` when the storage fails; a failing handler is parked, not thrown.
    public func settle() async throws {
        let (relays, leases, consumers) = hands.withLock { ($0.relays, $0.leases, $0.consumers) }
        look()
        var isBusy = true
        while isBusy {
            isBusy = false
            try await leases?.step()
            for relay in relays where try await relay.step().count > 0 { isBusy = true }
            for consumer in consumers {
                let step = try await consumer.step()
                if step.handledCount > 0 || step.hasMore { isBusy = true }
            }
        }
    }

    /// Delivers every event once more, as a transport does that forgot what it delivered.
    ///
    /// - Throws: `StorageError`.
    public func redeliverEverything() async throws {
        try await database.write { try $0.execute("DELETE FROM inbox_cursors") }
        try await restart()
        try await settle()
    }

    /// Makes the module forget what it handled, so that a redelivery shows whether its own tables
    /// bear the same event twice.
    ///
    /// - Throws: `StorageError`.
    public func forgetHandled() async throws {
        try await database.write { transaction in
            try transaction.execute("DELETE FROM inbox_marks")
            try transaction.execute("DELETE FROM inbox_handled")
        }
    }

    /// The events of a type that the module published, in the order of their commits.
    ///
    /// - Throws: `StorageError`; `DecodingError`.
    public func published<E: Event>(_ type: E.Type) async throws -> [E] {
        try await OutboxLog(module: M.name, database: database)
            .events(after: 0, upTo: .max, limit: .max)
            .filter { $0.envelope.type == E.type }
            .map { try $0.envelope.decode(E.self) }
    }

    /// What an operator does about the module's dead letters.
    public var deadLetters: DeadLetters {
        DeadLetters(
            registry: registry, databases: databases,
            consumers: Dictionary(
                uniqueKeysWithValues: module.subscriptions.map { ($0.consumer, M.name) }),
            now: environment.now)
    }

    /// What an operator has the module's consumers hear again.
    public var replays: Replays {
        Replays(
            registry: registry, databases: databases,
            subscriptions: module.subscriptions.map { (M.name, $0) }, now: environment.now)
    }

    /// The life of an event, as `flotilla events show` tells it.
    ///
    /// - Throws: `StorageError`.
    public func story(of id: EventID) async throws -> EventStory? {
        try await EventHistory(
            registry: registry, databases: databases,
            consumers: Dictionary(
                uniqueKeysWithValues: module.subscriptions.map { ($0.consumer, M.name) })
        ).story(of: id)
    }

    private var databases: [String: Database] {
        [M.name: database, Self.outside: outsideDatabase]
    }

    /// The database of whoever publishes what the module hears, to put things there that no
    /// publisher would.
    package var publisherDatabase: Database { outsideDatabase }

    /// What the module's consumers do, by name.
    package func consumer(_ name: String) -> Consumer? {
        hands.withLock { $0.consumers.first { $0.name == name } }
    }

    /// Makes the consumers look at once at what operators want, instead of at the next poll.
    package func look() {
        for consumer in hands.withLock({ $0.consumers }) { consumer.lookAnew() }
    }

    /// The events that wait at a consumer behind a failure, oldest first.
    ///
    /// - Throws: `StorageError`.
    public func parked(at consumer: String) async throws -> [ParkedEvent] {
        try await database.read { transaction in
            try transaction.rows(
                """
                SELECT event_id, key, state, attempts, error FROM inbox_parked
                WHERE consumer = \(consumer) ORDER BY position
                """
            ).map {
                ParkedEvent(
                    id: try $0.get("event_id"), key: try $0.get("key"),
                    state: try $0.get("state"), attempts: try $0.get("attempts"),
                    error: try $0.get("error"))
            }
        }
    }
}

/// An event that waits at a consumer.
public struct ParkedEvent: Sendable, Hashable {
    /// The event's own id.
    public let id: EventID
    /// Its key; later events of the same key wait behind it.
    public let key: String
    /// `retrying`, `waiting` or `dead`.
    public let state: String
    /// Tries so far; 0 when there was none yet.
    public let attempts: Int
    /// What the last failure said; `nil` for one that was not tried.
    public let error: String?
}
