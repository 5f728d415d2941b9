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
    let environment: BusEnvironment
    let logger: Logger
    /// After which event the next one is sent.
    private let place = Mutex<Place?>(nil)
    /// What was read while the batch before it was sent.
    private let ahead = Mutex<Window?>(nil)
    /// What was sent, and is not known to have come there yet.
    private let sent = Mutex<Sent?>(nil)
    let watermark = Watermark()
    let settling = Mutex<Settling?>(nil)
    let toldAt = Mutex<Duration?>(nil)
    /// Up to where the log has partitions.
    let partitionsEnd = Mutex<Int64>(0)

    private struct Place {
        var position: Int64
        var epoch: Int64?
    }

    private struct Sent {
        let batch: LogBatch
        let lease: Lease?
        let shipment: Shipment
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
        // What is not noted is sent once more by whoever comes next.
        try? await awaitArrival()
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
                // It is given back with nothing in hand.
                try? await awaitArrival()
                try await leases.rest(Self.leaseName)
                return Step()
            }
        }
        do {
            return try await step(under: lease)
        } catch {
            // What was sent before may have arrived: then it need not be sent again.
            try? await awaitArrival()
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
        try await send(window, upTo: extent.position, lease)
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

    private func position(under lease: Lease?) async throws -> Int64 {
        if let place = place.withLock({ $0 }), place.epoch == lease?.epoch {
            return place.position
        }
        // Sent under an earlier lease: whoever had it meanwhile has sent it as well.
        sent.withLock { $0 = nil }
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

    /// Sends a window. Where a broker has to be waited for, the next one is read meanwhile, and
    /// sent before this one is acknowledged: only then is there always something on its way.
    private func send(_ window: Window, upTo head: Int64, _ lease: Lease?) async throws {
        guard !window.events.isEmpty else { return try await awaitArrival() }
        guard transport.reader != nil, window.hasMore else {
            try await hand(over: window, lease)
            return try await awaitArrival()
        }
        async let next = events(after: window.upTo, upTo: head)
        try await hand(over: window, lease)
        let read = try await next
        ahead.withLock { $0 = read }
    }

    private func hand(over window: Window, _ lease: Lease?) async throws {
        let batch = LogBatch(log: log.module, after: window.position, events: window.events)
        let shipment: Shipment
        do {
            shipment = try await transport.send(batch)
        } catch {
            // What did not arrive then has failed with this one, and what did is no success of it.
            if let before = sent.withLock({ $0.take() }),
                (try? await before.shipment.arrived()) != nil
            {
                try? await note(before)
            }
            await tell(error, lease)
            throw error
        }
        try await awaitArrival()
        sent.withLock { $0 = Sent(batch: batch, lease: lease, shipment: shipment) }
        place.withLock { $0 = Place(position: batch.upTo, epoch: lease?.epoch) }
    }

    /// Waits until what was sent has arrived, and notes that it has.
    private func awaitArrival() async throws {
        guard let sent = sent.withLock({ $0.take() }) else { return }
        do {
            try await sent.shipment.arrived()
        } catch {
            await tell(error, sent.lease)
            throw error
        }
        try await note(sent)
    }

    private func note(_ sent: Sent) async throws {
        if let reader = transport.reader, let lease = sent.lease {
            try await log.move(reader, to: sent.batch.upTo, under: lease, at: environment.now())
        }
        let counts = Dictionary(
            sent.batch.events.map { ($0.envelope.type, 1) }, uniquingKeysWith: +)
        for (type, count) in counts {
            Counter(
                label: "flotilla.outbox.published",
                dimensions: [("event_type", type.rawValue), ("outcome", "sent")]
            ).increment(by: count)
        }
    }

    /// What a broker refuses is told with its place in the log.
    private func tell(_ error: any Error, _ lease: Lease?) async {
        guard let reader = transport.reader, let lease else { return }
        try? await log.recordFailure(of: reader, error, under: lease, at: environment.now())
    }
}

/// The relay before ended without a word.
struct RelayDied: Error {}
