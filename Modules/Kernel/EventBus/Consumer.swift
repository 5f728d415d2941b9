import Events
import Foundation
import Instrumentation
import Logging
package import Storage
import Synchronization

/// Runs one subscription: takes its events in order, remembers them, and retries what failed.
///
/// `step()` does one round and is what tests drive; `run()` is the loop around it. There is one
/// consumer object for a subscription in a process, so its place needs no lock but for visibility.
package final class Consumer: Sendable {
    let subscription: Subscription
    let module: String
    let database: Database
    let environment: BusEnvironment
    let policy: RetryPolicy
    let logger: Logger
    let metrics: ConsumerMetrics
    private let inflow: any Inflow
    private let wake: Signal
    /// Positions taken, by source; may run ahead of the stored cursor over events not heard.
    private let places = Mutex<[String: Int64]>([:])
    /// Positions last stored by themselves, by source.
    private let storedPlaces = Mutex<[String: Int64]>([:])
    private static let unstoredCountMax: Int64 = 1_000

    package init(
        _ subscription: Subscription, module: String, database: Database,
        transport: any Transport, wake: Signal, environment: BusEnvironment
    ) {
        self.subscription = subscription
        self.module = module
        self.database = database
        self.environment = environment
        self.wake = wake
        policy = environment.settings.retry(for: subscription.consumer)
        logger = environment.logger(module: module)
        metrics = ConsumerMetrics(consumer: subscription.consumer)
        inflow = transport.inflow(
            for: subscription.consumer, topics: subscription.topics, wake: wake)
    }

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
                if Task.isCancelled { return }
                failureCount += 1
                logger.error(
                    "consumer step failed", error: error,
                    metadata: ["consumer": "\(subscription.consumer)"])
                await pause(after: failureCount)
            }
        }
    }

    /// Waits longer from failure to failure, whatever is published meanwhile, but never so long
    /// that a storage that recovered stays unused.
    private func pause(after failureCount: Int) async {
        let pauses = RetryPolicy(initialDelay: .milliseconds(100), delayMax: .seconds(5))
        let until = environment.now() + pauses.delay(after: failureCount, chance: 1).seconds
        while !environment.isStopping, !Task.isCancelled {
            let left = until.timeIntervalSince(environment.now())
            guard left > 0 else { return }
            await wake.wait(upTo: .seconds(left), clock: environment.clock)
        }
    }

    /// Retries what is due, then takes a batch of every source.
    package func step() async throws -> Step {
        var step = Step(wait: environment.settings.pollInterval)
        let retries = try await retryDue()
        step.handledCount += retries.handledCount
        step.hasMore = retries.hasMore
        if let due = retries.nextDue {
            let seconds = max(0, due.timeIntervalSince(environment.now()))
            if seconds < step.wait.seconds { step.wait = .seconds(seconds) }
        }
        let limit = environment.settings.batchCountMax
        for source in await inflow.sources where !environment.isStopping {
            let place = try await place(in: source)
            guard
                let batch = try await inflow.next(of: source, after: place, limit: limit)
            else { continue }
            let taken = try await take(batch)
            places.withLock { $0[source] = taken.reached }
            step.handledCount += taken.handledCount
            if batch.events.count == limit || taken.reached < batch.upTo { step.hasMore = true }
        }
        return step
    }

    /// How far a batch was taken.
    struct Taken: Sendable {
        var reached: Int64
        var handledCount = 0
    }

    private func take(_ batch: LogBatch) async throws -> Taken {
        guard batch.events.contains(where: { subscription.hears($0.envelope.type) }) else {
            try await store(batch.upTo, in: batch.source)
            return Taken(reached: batch.upTo)
        }
        switch subscription.work {
        case .transactional(let handlers):
            return try await takeTransactionally(batch) { handlers[$0]?.handle }
        case .everything(let handle):
            return try await takeTransactionally(batch) { _ in handle }
        case .effect(let handlers, let concurrency, let deadline):
            return try await takeWithEffects(
                batch, handlers: handlers, concurrency: concurrency, deadline: deadline)
        }
    }

    /// Stores a place among events that are not heard, now and then: reading a few of them again
    /// after a restart is cheaper than a commit a batch.
    private func store(_ position: Int64, in source: String) async throws {
        let stored = storedPlaces.withLock { $0[source] ?? 0 }
        guard position - stored >= Self.unstoredCountMax else { return }
        try await database.write { transaction in
            try self.inbox(of: source, in: transaction)
                .moveCursor(to: position, at: self.environment.now())
        }
        storedPlaces.withLock { $0[source] = position }
    }

    func hears(source: String) async -> Bool { await inflow.sources.contains(source) }

    /// How far this consumer has taken a source; `nil` before its first look.
    func position(in source: String) async throws -> Int64? {
        if let known = places.withLock({ $0[source] }) { return known }
        return try await database.read { transaction in
            try self.inbox(of: source, in: transaction).cursor()
        }
    }

    /// The place of this consumer in a source, found or made at the first look.
    private func place(in source: String) async throws -> Int64 {
        if let stored = try await position(in: source) {
            places.withLock { $0[source] = stored }
            return stored
        }
        let start =
            switch subscription.start {
            case .beginning: Int64(0)
            case .now: try await inflow.head(of: source)
            }
        let now = environment.now()
        try await database.write { transaction in
            try self.inbox(of: source, in: transaction)
                .moveCursor(to: start, at: now)
        }
        places.withLock { $0[source] = start }
        return start
    }
}
