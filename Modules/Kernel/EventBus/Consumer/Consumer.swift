package import Events
import Foundation
import Instrumentation
import Logging
import Metrics
package import Storage
import Synchronization
import Tracing

/// Runs one subscription: takes its events in order, remembers them, and retries what failed.
///
/// `step()` does one round and is what tests drive; `run()` is the loop around it. There is one
/// consumer object for a subscription in a process, and of all processes the one that holds the
/// lease works; so its state needs no lock but for visibility.
package final class Consumer: Sendable {
    package let subscription: Subscription
    let module: String
    let database: Database
    let environment: BusEnvironment
    let policy: RetryPolicy
    let logger: Logger
    let metrics: ConsumerMetrics
    /// Found once, after tracing is set up: finding it is a dynamic cast.
    let tracer = InstrumentationSystem.tracer
    let inflow: any Inflow
    let wake: Signal
    let strays = Strays()
    let state = Mutex(ConsumerState())
    private let leases: LeaseKeeper
    private let knownTypes: Set<EventType>

    package init(
        _ subscription: Subscription, module: String, database: Database,
        transport: any Transport, wake: Signal, leases: LeaseKeeper,
        knownTypes: Set<EventType>, environment: BusEnvironment
    ) {
        self.subscription = subscription
        self.module = module
        self.database = database
        self.environment = environment
        self.wake = wake
        self.leases = leases
        self.knownTypes = knownTypes
        let settings = environment.settings
        policy =
            settings.retryByConsumer[subscription.consumer] ?? subscription.retry
            ?? settings.retry
        logger = environment.logger(module: module)
        metrics = ConsumerMetrics(consumer: subscription.consumer)
        inflow = transport.inflow(
            for: subscription.consumer, topics: subscription.topics, database: database,
            wake: wake)
        leases.keep(subscription.consumer, wake: wake)
    }

    package var name: String { subscription.consumer }

    /// What one round did.
    package struct Step: Sendable {
        package var handledCount = 0
        package var hasMore = false
        /// How long to wait at most when there is no more.
        package var wait: Duration
    }

    /// Consumes until the process shuts down. A round that fails as a whole, because the database
    /// is away or full, changes nothing and is tried again.
    package func run() async {
        var failureCount = 0
        while !environment.isStopping, !Task.isCancelled {
            do {
                let step = try await step()
                failureCount = 0
                if !step.hasMore { await wake.wait(upTo: step.wait, clock: environment.clock) }
            } catch {
                if Task.isCancelled { break }
                failureCount += 1
                state.withLock { $0.standing = .failing }
                logger.error(
                    "consumer step failed", error: error, metadata: ["consumer": "\(name)"])
                await pause(after: failureCount)
            }
        }
        await strays.leave(clock: environment.clock)
    }

    /// Waits longer from failure to failure, whatever is published meanwhile, but never so long
    /// that a storage that recovered stays unused.
    private func pause(after failureCount: Int) async {
        let pauses = RetryPolicy(initialDelay: .milliseconds(100), delayMax: .seconds(5))
        let until = environment.uptime() + pauses.delay(after: failureCount, chance: 1)
        while !environment.isStopping, !Task.isCancelled {
            let left = until - environment.uptime()
            guard left > .zero else { return }
            await wake.wait(upTo: left, clock: environment.clock)
        }
    }

    /// Retries what is due, then takes a batch of every stream.
    package func step() async throws -> Step {
        guard let lease = leases.lease(name) else {
            try await leases.rest(name)
            standBy()
            return Step(wait: environment.settings.pollInterval)
        }
        do {
            try await prepare(under: lease)
            switch subscription.work {
            case .transactional, .everything:
                return try await stepTransactionally(under: lease)
            case .effect(let effects):
                return try await stepWithEffects(effects, under: lease)
            }
        } catch let lost as LeaseLost {
            leases.lost(lost.name)
            state.withLock { $0 = ConsumerState() }
            return Step(wait: environment.settings.pollInterval)
        } catch {
            // What was stored and what not is read again, a replay that was begun among it.
            state.withLock {
                $0.lookedAt = nil
                $0.places = [:]
                $0.parkedCount = nil
            }
            throw error
        }
    }

    /// Forgets what was known as the holder, but for calls that still run: whoever looks at a place
    /// from here is to see that of the process which works.
    private func standBy() {
        state.withLock { state in
            let inHand = state.inHand
            state = ConsumerState()
            state.inHand = inHand
        }
    }

    /// Forgets what was known under another lease, and looks for what operators want.
    private func prepare(under lease: Lease) async throws {
        if state.withLock({ $0.epoch }) != lease.epoch {
            try await takeUpNewVersions(under: lease)
            state.withLock { state in
                state = ConsumerState()
                state.epoch = lease.epoch
                state.isSuccession = lease.isSuccession
            }
        }
        guard isTimeToLook() else { return }
        // Operators may have taken parked events out.
        state.withLock { if $0.parkedCount != 0 { $0.parkedCount = nil } }
        try await takeUpReplays(under: lease)
    }

    /// Whether operators may have done something since the last look; true now and then.
    func isTimeToLook() -> Bool {
        let now = environment.uptime()
        let interval = environment.settings.pollInterval / 2
        return state.withLock { state in
            if let lookedAt = state.lookedAt, now - lookedAt < interval { return false }
            state.lookedAt = now
            return true
        }
    }

    /// Looks at once for what operators want, instead of at the next poll.
    package func lookAnew() {
        state.withLock { $0.lookedAt = nil }
        wake.raise()
    }

    /// What it is doing.
    package var standing: ConsumerStanding { state.withLock { $0.standing } }

    /// Whether the lease that a round began under is still ours, by this process's own clock.
    func isCurrent(_ lease: Lease) -> Bool { leases.holds(lease) }

    /// Whether more may be begun under it: it may be ours and yet to be handed over.
    func mayBegin(under lease: Lease) -> Bool { leases.lease(name)?.epoch == lease.epoch }

    /// Writes under the lease: what a holder stores that was succeeded is undone.
    @discardableResult
    func write<T: Sendable>(
        under lease: Lease, _ body: @escaping @Sendable (Inbox) throws -> T
    ) async throws -> T {
        let consumer = name
        return try await database.write { transaction in
            try lease.check(in: transaction)
            return try body(Inbox(consumer: consumer, transaction: transaction))
        }
    }

    func read<T: Sendable>(
        _ body: @escaping @Sendable (Inbox) throws -> T
    ) async throws -> T {
        let consumer = name
        return try await database.read { transaction in
            try body(Inbox(consumer: consumer, transaction: transaction))
        }
    }

    /// Counts what this version of the program does not know; a consumer skips it.
    func countUnknown(_ batch: StreamBatch) {
        let count = batch.items.count { !knownTypes.contains($0.event.envelope.type) }
        if count > 0 { metrics.unknown.increment(by: Int64(count)) }
    }
}
