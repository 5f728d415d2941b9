import Events
import Foundation
import Logging
import Metrics
import Storage
import Synchronization

/// Carries one module's log to the transport: in order, woken by commits, with polling as the
/// safety net.
///
/// Where the transport is a broker, one relay of all processes does it, under a lease, and its
/// place is kept in the log. Within one process the consumers read the log themselves, so that a
/// relay only tells them how far it goes, and starts at its head.
package final class Relay: Sendable {
    /// The name of the lease under which a broker's relay works.
    package static let leaseName = "relay"

    package let log: OutboxLog
    private let transport: any Transport
    private let committed: Signal
    private let leases: LeaseKeeper
    private let environment: BusEnvironment
    private let logger: Logger
    private let place = Mutex<Place?>(nil)
    private let watermark = Watermark()
    /// Up to where the log has partitions.
    private let partitionsEnd = Mutex<Int64>(0)

    private struct Place {
        var position: Int64
        var epoch: Int64?
    }

    package init(
        log: OutboxLog, transport: any Transport, committed: Signal, leases: LeaseKeeper,
        environment: BusEnvironment
    ) {
        self.log = log
        self.transport = transport
        self.committed = committed
        self.leases = leases
        self.environment = environment
        logger = environment.logger(module: log.module)
        if transport.reader != nil { leases.keep(Self.leaseName, wake: committed) }
    }

    /// Relays until the process shuts down; a failing step is retried, never skipped.
    package func run() async {
        var poll = AdaptivePoll(
            shortest: environment.settings.pollIntervalMin,
            longest: environment.settings.pollInterval)
        var failureCount = 0
        while !environment.isStopping, !Task.isCancelled {
            do {
                let step = try await step()
                failureCount = 0
                poll.saw(step.count)
                if !step.hasMore {
                    await committed.wait(
                        upTo: min(step.untilDue, poll.interval), clock: environment.clock)
                }
            } catch {
                if Task.isCancelled { return }
                failureCount += 1
                logger.error("relay step failed", error: error)
                let pauses = RetryPolicy(initialDelay: .milliseconds(100), delayMax: .seconds(5))
                try? await environment.clock.sleep(
                    for: pauses.delay(after: failureCount, chance: 1))
            }
        }
    }

    /// Makes it look at once.
    func wake() { committed.raise() }

    package struct Step: Sendable {
        /// Events that were sent or let go.
        package var count = 0
        package var hasMore = false
        /// How long until the next scheduled event is due.
        package var untilDue = Duration.seconds(3_600)
    }

    /// Releases what is due and sends one batch.
    package func step() async throws -> Step {
        let lease: Lease?
        if transport.reader == nil {
            lease = nil
        } else {
            lease = leases.lease(Self.leaseName)
            guard lease != nil else {
                try await leases.rest(Self.leaseName)
                return Step()
            }
        }
        do {
            return try await step(under: lease)
        } catch {
            // Where the transport stands is asked anew: a batch may have been taken or not.
            place.withLock { $0 = nil }
            if let lost = error as? LeaseLost {
                leases.lost(lost.name)
                return Step()
            }
            throw error
        }
    }

    private func step(under lease: Lease?) async throws -> Step {
        let position = try await position(under: lease)
        let limit = environment.settings.batchCountMax
        let now = environment.now()
        let release = try await log.releaseDue(at: now, limit: limit)
        let extent = try await extent(after: position)
        let events = try await log.events(after: position, upTo: extent.position, limit: limit)
        if !events.isEmpty {
            try await send(LogBatch(log: log.module, after: position, events: events), lease)
        }
        var step = Step(count: events.count + release.count)
        step.hasMore = events.count == limit || release.count == limit
        if let due = release.nextDue {
            step.untilDue = .seconds(min(max(0, due.timeIntervalSince(now)), 3_600))
        }
        if !extent.isSettled { step.untilDue = min(step.untilDue, Self.settlingInterval) }
        return step
    }

    /// Transactions that write the log mostly end within this time.
    private static let settlingInterval = Duration.milliseconds(2)

    /// How far the log is complete. Waits a few moments for transactions that write it, if without
    /// them there is nothing new.
    private func extent(after position: Int64) async throws -> Watermark.Extent {
        guard log.database.dialect == .postgresql else {
            return Watermark.Extent(position: .max, isSettled: true)
        }
        var extent = try await lookOn()
        for _ in 0..<10 where !extent.isSettled && extent.position <= position {
            try await environment.clock.sleep(for: Self.settlingInterval)
            extent = try await lookOn()
        }
        return extent
    }

    private func lookOn() async throws -> Watermark.Extent {
        let look = try await log.look()
        let end = partitionsEnd.withLock { $0 }
        if end - look.position < OutboxLog.reserveMin {
            let end = try await log.ensurePartitions(at: environment.now())
            partitionsEnd.withLock { $0 = end }
        }
        return watermark.see(look)
    }

    private func position(under lease: Lease?) async throws -> Int64 {
        if let place = place.withLock({ $0 }), place.epoch == lease?.epoch {
            return place.position
        }
        let position: Int64
        if let reader = transport.reader {
            position = try await log.readers().first { $0.name == reader }?.position ?? 0
        } else {
            position = try await log.head()
        }
        if let reader = transport.reader, let lease, lease.isSuccession {
            // The one before may have died of the batch that comes next: that counts.
            try await log.recordFailure(
                of: reader, RelayDied(), under: lease, at: environment.now())
        }
        try await transport.open(log, after: position)
        place.withLock { $0 = Place(position: position, epoch: lease?.epoch) }
        return position
    }

    private func send(_ batch: LogBatch, _ lease: Lease?) async throws {
        do {
            try await transport.send(batch)
        } catch {
            if let reader = transport.reader, let lease {
                try? await log.recordFailure(
                    of: reader, error, under: lease, at: environment.now())
            }
            throw error
        }
        if let reader = transport.reader, let lease {
            try await log.move(reader, to: batch.upTo, under: lease, at: environment.now())
        }
        place.withLock { $0 = Place(position: batch.upTo, epoch: lease?.epoch) }
        for event in batch.events {
            Counter(
                label: "flotilla.outbox.published",
                dimensions: [("event_type", event.envelope.type.rawValue), ("outcome", "sent")]
            ).increment()
        }
    }
}

/// The relay before ended without a word.
struct RelayDied: Error {}

/// How long to wait between two looks: short after a look that found something, for whoever wrote
/// it may write on, then longer and longer.
struct AdaptivePoll {
    private let shortest: Duration
    private let longest: Duration
    private(set) var interval: Duration

    init(shortest: Duration, longest: Duration) {
        self.shortest = min(shortest, longest)
        self.longest = longest
        interval = longest
    }

    mutating func saw(_ count: Int) {
        interval = count > 0 ? shortest : min(interval * 2, longest)
    }
}
