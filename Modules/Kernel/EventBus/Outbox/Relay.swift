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
    /// What was read while the batch before it was on its way.
    private let ahead = Mutex<Window?>(nil)
    private let watermark = Watermark()
    private let settling = Mutex<Settling?>(nil)
    private let toldAt = Mutex<Duration?>(nil)
    /// Up to where the log has partitions.
    private let partitionsEnd = Mutex<Int64>(0)

    private struct Place {
        var position: Int64
        var epoch: Int64?
    }

    /// Events after a position that go together.
    private struct Window {
        let position: Int64
        var events: [LoggedEvent] = []
        var hasMore = false

        var upTo: Int64 { events.last?.position ?? position }
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
            ahead.withLock { $0 = nil }
            watermark.reset()
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
        let extent = try await extent()
        let window: Window
        if let read = ahead.withLock({ $0.take() }), read.position == position {
            window = read
        } else {
            window = try await events(after: position, upTo: extent.position)
        }
        if !window.events.isEmpty { try await send(window, upTo: extent.position, lease) }
        if release.count > 0, leases.hasCompany { try? await log.database.announce(.log) }
        var step = Step(count: window.events.count + release.count)
        step.hasMore = window.hasMore || release.count == limit
        if let due = release.nextDue {
            step.untilDue = .seconds(min(max(0, due.timeIntervalSince(now)), 3_600))
        }
        step.untilDue = min(step.untilDue, untilSettled(extent, hasNews: !window.events.isEmpty))
        return step
    }

    /// What is sent at once. A broker acknowledges many as soon as few, so several batches go to it
    /// together, as far as memory allows; consumers in process take them one by one.
    private func events(
        after position: Int64, upTo head: Int64
    ) async throws -> Window {
        let settings = environment.settings
        var window = Window(position: position)
        var byteCount = 0
        while true {
            let batch = try await log.events(
                after: window.upTo, upTo: head, limit: settings.batchCountMax)
            window.events += batch
            byteCount += batch.reduce(0) { $0 + $1.envelope.data.count }
            window.hasMore = batch.count == settings.batchCountMax
            guard window.hasMore, transport.reader != nil,
                window.events.count < settings.windowCountMax,
                byteCount < settings.windowByteCountMax
            else { return window }
        }
    }

    /// Transactions that write the log mostly end within the first of these times; for one that
    /// does not, the looks become rarer.
    private static let settlingIntervals = Duration.milliseconds(2)...Duration.milliseconds(128)

    /// How long to wait for transactions that write the log, before the next look at them.
    private func untilSettled(_ extent: Watermark.Extent, hasNews: Bool) -> Duration {
        let (wait, since) = settling.withLock { settling in
            if extent.isSettled || hasNews { settling = nil }
            guard !extent.isSettled else { return (Duration.seconds(3_600), Duration?.none) }
            let now = environment.uptime()
            let shortest = Self.settlingIntervals.lowerBound
            let wait = settling.map { min($0.wait * 2, Self.settlingIntervals.upperBound) }
            let since = settling?.since ?? now
            settling = Settling(since: since, wait: wait ?? shortest)
            return (wait ?? shortest, now - since)
        }
        if let since, since > Self.patience { tellOfDelay(since) }
        return wait
    }

    /// An open transaction holds up a log; longer than this, somebody should look at it.
    private static let patience = Duration.seconds(10)

    private func tellOfDelay(_ duration: Duration) {
        let isNew = toldAt.withLock { toldAt in
            let now = environment.uptime()
            if let last = toldAt, now - last < Self.patience * 6 { return false }
            toldAt = now
            return true
        }
        guard isNew else { return }
        logger.warning(
            "log held up by an open transaction that writes it",
            metadata: ["duration_ms": "\(Int(duration / .milliseconds(1)))"])
    }

    private struct Settling {
        let since: Duration
        let wait: Duration
    }

    /// How far the log is complete.
    private func extent() async throws -> Watermark.Extent {
        guard log.database.dialect == .postgresql else {
            return Watermark.Extent(position: .max, isSettled: true)
        }
        let look = try await log.look()
        let seen = watermark.safe
        if look.position < seen {
            // The server in front of us is another one, which has not got all that this one had.
            logger.error(
                "the log went back; positions go on above those that were seen",
                metadata: ["position": "\(look.position)", "seen": "\(seen)"])
            _ = try await log.skip(past: seen)
            throw LogWentBack(log: log.module)
        }
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

    /// Sends a window and reads the next one meanwhile, if a broker has to be waited for.
    private func send(_ window: Window, upTo head: Int64, _ lease: Lease?) async throws {
        guard transport.reader != nil, window.hasMore else {
            return try await send(
                LogBatch(
                    log: log.module, after: window.position, events: window.events), lease)
        }
        async let next = events(after: window.upTo, upTo: head)
        try await send(
            LogBatch(
                log: log.module, after: window.position, events: window.events), lease)
        let read = try await next
        ahead.withLock { $0 = read }
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
        let counts = Dictionary(batch.events.map { ($0.envelope.type, 1) }, uniquingKeysWith: +)
        for (type, count) in counts {
            Counter(
                label: "flotilla.outbox.published",
                dimensions: [("event_type", type.rawValue), ("outcome", "sent")]
            ).increment(by: count)
        }
    }
}

/// A log ended before positions that were given out: the server lost them in a failover.
struct LogWentBack: Error {
    let log: String
}

/// The relay before ended without a word.
struct RelayDied: Error {}
