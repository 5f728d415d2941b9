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
    let transport: any Transport
    /// What everything is sent to besides, before modules move there.
    let shadow: (any Transport)?
    private let state = Mutex(State())

    private struct State {
        var members: [String: Member] = [:]
        var signals: [Signal] = []
        /// Whether its consumers run here; else another process may run them.
        var isRun = false
    }

    /// What the bus does for one module.
    package struct Member: Sendable {
        package let database: Database
        package let relay: Relay
        let shadowRelay: Relay?
        package let leases: LeaseKeeper
        let published: Signal
        let intake: Intake
        package var consumers: [Consumer] = []

        package var log: OutboxLog { relay.log }
    }

    /// A bus within this process.
    public convenience init(registry: EventRegistry, settings: BusSettings) {
        self.init(
            registry: registry,
            transport: InProcessTransport(topics: registry.publishersByTopic),
            environment: BusEnvironment(settings: settings))
    }

    package init(
        registry: EventRegistry, transport: any Transport, shadow: (any Transport)? = nil,
        environment: BusEnvironment
    ) {
        self.registry = registry
        self.transport = transport
        self.shadow = shadow
        self.environment = environment
    }

    /// The outbox of a module, whose log will be relayed from its database.
    public func outbox(of module: String, in database: Database) -> Outbox {
        let (committed, published) = (Signal(), Signal())
        let leases = LeaseKeeper(
            module: module, database: database, environment: environment,
            transport: transport.reader ?? Cutover.inProcess)
        let log = OutboxLog(module: module, database: database)
        let shadowed = Signal()
        let shadowRelay = shadow.map {
            Relay(
                log: log, transport: $0, committed: shadowed, leases: leases,
                environment: environment)
        }
        let intake = Intake(
            module: module, database: database, environment: environment, received: published)
        let relay = Relay(
            log: log, transport: transport,
            committed: committed, leases: leases, environment: environment)
        state.withLock { state in
            state.members[module] = Member(
                database: database, relay: relay, shadowRelay: shadowRelay, leases: leases,
                published: published,
                intake: intake)
            state.signals += [committed, published, shadowed]
        }
        let types = registry.entries.filter { $0.sources.contains(module) }.map(\.type)
        return Outbox(
            module: module, types: Set(types), committed: committed,
            published: [published] + (shadow == nil ? [] : [shadowed]), now: environment.now)
    }

    /// Begins to consume a module's subscriptions when the bus runs. The module's outbox comes
    /// first.
    public func subscribe(_ subscriptions: [Subscription], of module: String) {
        guard let member = members[module] else {
            preconditionFailure("\(module) subscribes before it has an outbox")
        }
        let known = Set(registry.entries.map(\.type))
        for subscription in subscriptions {
            let wake = Signal()
            let consumer = Consumer(
                subscription, module: module, database: member.database, transport: transport,
                wake: wake, leases: member.leases, knownTypes: known, environment: environment)
            member.intake.add(subscription.consumer, topics: subscription.topics, wake: wake)
            state.withLock { state in
                state.members[module]?.consumers.append(consumer)
                state.signals.append(wake)
            }
        }
    }

    /// The bus's tables in a module's database.
    public static var migrations: MigrationSet { busMigrations }

    /// Runs relays and consumers until graceful shutdown or cancellation.
    public func run() async {
        let members = members.values.sorted { $0.log.module < $1.log.module }
        state.withLock { $0.isRun = true }
        await takeLeases(of: members)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { keepers in
                for member in members {
                    keepers.addTask(name: "leases") { await member.leases.run() }
                    keepers.addTask(name: "listen") { await self.listen(for: member) }
                }
                keepers.addTask(name: "retention") { await self.sweepRegularly() }
                keepers.addTask(name: "watch") { await self.watchHandlers() }
                // The leases are renewed until the last of the work has ended.
                await work(members)
                keepers.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
        // Also when this task was cancelled: a successor would wait for them to run out.
        await Task(executorPreference: environment.executor) {
            for member in members { await member.leases.release() }
        }.value
    }

    private func takeLeases(of members: [Member]) async {
        await withTaskGroup(of: Void.self) { group in
            for member in members {
                group.addTask(name: "leases") {
                    // One that fails now is tried again by the keeper.
                    try? await member.leases.step()
                }
            }
        }
    }

    private func work(_ members: [Member]) async {
        await withTaskGroup(of: Void.self) { group in
            for member in members {
                group.addTask(name: "relay") { await member.relay.run() }
                if let relay = member.shadowRelay {
                    group.addTask(name: "shadow") { await relay.run() }
                }
                group.addTask(name: "announce") { await self.announce(for: member) }
                // A command beside a server takes nothing from the server's share.
                if !member.intake.isIdle, !environment.settings.isGuest {
                    group.addTask(name: "receive") {
                        await self.transport.receive(member.intake.topics, into: member.intake)
                    }
                }
                for consumer in member.consumers {
                    group.addTask(name: consumer.name) { await consumer.run() }
                }
            }
        }
    }

    /// Hears what other processes of the same database have to say.
    private func listen(for member: Member) async {
        await member.database.listen { news in
            switch news {
            case .log:
                member.relay.wake()
                member.shadowRelay?.wake()
                member.intake.wakeConsumers()
            case .leases: member.leases.look()
            }
        }
    }

    /// Tells other processes what was published here, once for all that came within a moment.
    private func announce(for member: Member) async {
        while !environment.isStopping, !Task.isCancelled {
            await member.published.wait(upTo: .seconds(3_600), clock: environment.clock)
            guard member.leases.hasCompany else { continue }
            // Who does not hear it finds out by looking.
            try? await member.database.announce(.log)
            try? await environment.clock.sleep(for: Self.announcementInterval)
        }
    }

    private static let announcementInterval = Duration.milliseconds(5)

    /// Lets the loops end after the work in hand.
    package func stop() {
        environment.stop()
        transport.stop()
        shadow?.stop()
        for signal in state.withLock({ $0.signals }) { signal.raise() }
    }

    /// The modules that publish and hear in this process.
    package var members: [String: Member] { state.withLock { $0.members } }

    var isRun: Bool { state.withLock { $0.isRun } }

    package var consumers: [Consumer] {
        members.sorted { $0.key < $1.key }.flatMap(\.value.consumers)
    }

    /// Finds out where every log ends without running anything, to look at backlogs.
    ///
    /// - Throws: `StorageError`.
    public func openLogs() async throws {
        // What a broker brings lies in the databases.
        guard transport.reader == nil else { return }
        for member in members.values {
            try await transport.open(member.log, after: try await member.log.head())
        }
    }

    /// Makes a consumer look at once at what an operator wants of it, and its module's relay at
    /// what was published along with it.
    public func wake(_ consumer: String) {
        guard let consumer = consumers.first(where: { $0.name == consumer }) else { return }
        consumer.lookAnew()
        members[consumer.module]?.relay.wake()
    }
}
