import Events
import Foundation
import Instrumentation
import Logging
import Storage
import Synchronization
import Tracing

/// What an effect handler is when its event type was looked up.
typealias Perform = @Sendable (Delivery) async throws -> EffectHandler.Outcome

/// What became of an event that an effect consumer took in hand.
enum Performance: Sendable {
    case handled
    /// Put aside: it failed, or an earlier event of its key waits.
    case parked
    /// It needed no work: taken before, or gone from among the parked ones.
    case skipped
}

extension Consumer {
    /// Deals with one event of the window.
    func perform(
        _ work: EffectWindow.Work, _ effects: Subscription.Effects, _ lease: Lease
    ) async throws -> Performance {
        guard let origin = work.origin else {
            return try await retry(work.event, under: lease) ? .handled : .parked
        }
        guard let handle = subscription.perform(of: work.event.envelope.type) else {
            return .skipped
        }
        let replay = replay(of: origin.offset, in: origin.stream)
        if let replay, !replay.withEffects {
            return try await passSilently(work.event, under: lease)
        }
        if let performance = try await dispose(of: work.event, in: replay, under: lease) {
            return performance
        }
        let start = environment.uptime()
        do {
            try await perform(
                handle, on: work.event, attempt: 1, deadline: effects.deadline, replay: replay,
                wasParked: false, under: lease,
                moving: work.place.map { (origin.stream, $0) })
        } catch let error where isFaultOfEvent(error) {
            let parking = parking(after: error, attempts: AttemptCount(total: 1))
            try await park(work.event, as: parking, in: replay, under: lease)
            report(Tally(failures: [Failure(event: work.event, error: error, parking: parking)]))
            return .parked
        }
        let duration = environment.uptime() - start
        report(Tally(handled: [(work.event.envelope.topic, duration)]))
        return .handled
    }

    /// Deals with an event that is not to be performed now: seen before, or behind a parked event
    /// of its key; `nil` when it is to be performed.
    private func dispose(
        of event: LoggedEvent, in replay: Replay?, under lease: Lease
    ) async throws -> Performance? {
        enum Place { case new, duplicate, behind }
        let place = try await read { inbox -> Place in
            if try inbox.isTaken(event) { return .duplicate }
            return try inbox.isBlocked(event) ? .behind : .new
        }
        switch place {
        case .new:
            return nil
        case .duplicate:
            report(Tally(duplicateCount: 1))
            return .skipped
        case .behind:
            try await park(event, as: .behind, in: replay, under: lease)
            return .parked
        }
    }

    private func park(
        _ event: LoggedEvent, as parking: Parking, in replay: Replay?, under lease: Lease
    ) async throws {
        let (known, most) = (state.withLock { $0.parkedCount }, environment.settings.parkedCountMax)
        let now = environment.now()
        let count = try await write(under: lease) { inbox in
            let count = try known ?? inbox.parkedCount()
            guard count < most else { throw ConsumerFull() }
            try inbox.park(event, as: parking, in: replay, at: now)
            return count
        }
        state.withLock { $0.parkedCount = ($0.parkedCount ?? count) + 1 }
    }

    /// Marks a replayed event as taken without its effect.
    private func passSilently(
        _ event: LoggedEvent, under lease: Lease
    ) async throws -> Performance {
        let now = environment.now()
        return try await write(under: lease) { inbox in
            guard try !inbox.isTaken(event) else { return .skipped }
            try inbox.finish(event, as: .silent, wasParked: false, attempts: 0, at: now)
            return .handled
        }
    }

    /// Performs one effect and records its outcome with the mark, in one transaction.
    ///
    /// - Parameter place: how far its stream is done with it, stored along with the outcome.
    func perform(
        _ handle: @escaping Perform, on event: LoggedEvent, attempt: Int, deadline: Duration,
        replay: Replay?, wasParked: Bool, under lease: Lease,
        moving place: (stream: String, offset: Int64)? = nil
    ) async throws {
        // A holder that was paused must not begin what its successor may have done.
        guard isCurrent(lease) else { throw LeaseLost(name: lease.name) }
        let span = startSpan(for: event)
        let start = environment.uptime()
        take(event, since: start)
        defer {
            putDown(event)
            span.end()
        }
        do {
            try await InstrumentationContext.withValue(span.context) {
                let delivery = Delivery(event, attempt: attempt, isReplay: replay != nil)
                let record = try await within(deadline, of: event) {
                    try await handle(delivery)
                }
                let duration = environment.uptime() - start
                let now = environment.now()
                try await write(under: lease) { inbox in
                    guard try inbox.isOpen(event, wasParked: wasParked) else {
                        // Discarded while it was being performed: what came of it is noted.
                        if try inbox.isDiscarded(event) { try record(inbox.transaction) }
                        return
                    }
                    try record(inbox.transaction)
                    try inbox.finish(
                        event, wasParked: wasParked, attempts: attempt, at: now, took: duration)
                    if let place {
                        try inbox.moveCursor(of: place.stream, to: place.offset, at: now)
                    }
                }
            }
        } catch {
            span.recordError(error)
            throw error
        }
        if let place {
            state.withLock {
                $0.places[place.stream] = place.offset
                $0.storedPlaces[place.stream] = place.offset
            }
        }
    }

    /// Runs a handler's call, cancels it when the deadline passes, and leaves it to itself when it
    /// does not end then either: no handler can hold up its consumer for ever.
    private func within<T: Sendable>(
        _ deadline: Duration, of event: LoggedEvent,
        _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let call = Call(body, executor: environment.executor)
        let clock = environment.clock
        if let result = await call.result(within: deadline, clock: clock) {
            return try result.get()
        }
        call.cancel()
        let inHand = ConsumerState.InHand(event: event, since: environment.uptime() - deadline)
        guard !Task.isCancelled else {
            strays.take(call, of: inHand)
            throw CancellationError()
        }
        let grace = environment.settings.abandonGrace
        if case .success(let value)? = await call.result(within: grace, clock: clock) {
            return value
        }
        if !call.hasEnded {
            strays.take(call, of: inHand)
            InstrumentationContext.withValue(context(of: event)) {
                logger.error(
                    "handler has not returned and is left to itself",
                    metadata: [
                        "consumer": "\(name)", "event.id": "\(event.envelope.id)",
                        "event.type": "\(event.envelope.type)",
                        "deadline_ms": "\(Int(deadline / .milliseconds(1)))",
                    ])
            }
        }
        throw DeadlineExceeded(consumer: name, deadline: deadline)
    }
}

/// A handler took longer than its consumer allows; the event is tried again.
package struct DeadlineExceeded: Error, Hashable {
    package let consumer: String
    package let deadline: Duration
}
