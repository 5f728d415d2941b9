import Foundation
import Logging
public import ServiceLifecycle
public import Storage
import Synchronization

/// The event bus of one process: a relay for each module's log, a consumer for each subscription.
///
/// As a service it runs them until shutdown; the work in hand is finished, nothing new is begun.
public final class Bus: Service {
    /// Every event type of the program.
    public let registry: EventRegistry
    package let environment: BusEnvironment
    private let transport: any Transport
    private let state = Mutex(State())

    private struct State {
        var relays: [Relay] = []
        var consumers: [Consumer] = []
        var signals: [Signal] = []
        var databases: [String: Database] = [:]
    }

    /// A bus within this process.
    public convenience init(registry: EventRegistry, settings: BusSettings) {
        self.init(
            registry: registry,
            transport: InProcessTransport(topics: registry.publishersByTopic),
            environment: BusEnvironment(settings: settings))
    }

    package init(
        registry: EventRegistry, transport: any Transport, environment: BusEnvironment
    ) {
        self.registry = registry
        self.transport = transport
        self.environment = environment
    }

    /// The outbox of a module, whose log will be relayed from its database.
    public func outbox(of module: String, in database: Database) -> Outbox {
        let committed = Signal()
        let relay = Relay(
            log: OutboxLog(module: module, database: database), transport: transport,
            committed: committed, environment: environment)
        state.withLock { state in
            state.relays.append(relay)
            state.signals.append(committed)
            state.databases[module] = database
        }
        return Outbox(module: module, committed: committed, now: environment.now)
    }

    /// Begins to consume a module's subscriptions when the bus runs.
    public func subscribe(_ subscriptions: [Subscription], of module: String, in database: Database)
    {
        for subscription in subscriptions {
            let wake = Signal()
            let consumer = Consumer(
                subscription, module: module, database: database, transport: transport, wake: wake,
                environment: environment)
            state.withLock { state in
                state.consumers.append(consumer)
                state.signals.append(wake)
            }
        }
    }

    /// The bus's tables in a module's database.
    public static var migrations: MigrationSet { busMigrations }

    /// Runs relays and consumers until graceful shutdown or cancellation.
    public func run() async {
        let (relays, consumers) = state.withLock { ($0.relays, $0.consumers) }
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                for relay in relays { group.addTask(name: "relay") { await relay.run() } }
                for consumer in consumers {
                    group.addTask(name: consumer.subscription.consumer) { await consumer.run() }
                }
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Lets the loops end after the work in hand.
    package func stop() {
        environment.stop()
        for signal in state.withLock({ $0.signals }) { signal.raise() }
    }

    package var consumers: [Consumer] { state.withLock { $0.consumers } }

    /// The databases of the modules that publish in this process.
    package var databases: [String: Database] { state.withLock { $0.databases } }
}
