import Events
import Foundation
import Instrumentation
import Logging
import Storage
import Synchronization
import Tracing

/// What a transactional handler is when its event type was looked up.
typealias Handle = @Sendable (Delivery, Transaction) throws -> Void

extension Consumer {
    func stepTransactionally(under lease: Lease) async throws -> Step {
        var step = Step(wait: environment.settings.pollInterval)
        let retries = try await retryDue(under: lease)
        step.handledCount += retries.handledCount
        step.hasMore = retries.hasMore
        step.wait = min(step.wait, retries.untilDue)
        // In the order of the log, so that a state comes out the same, whoever dies meanwhile.
        if retries.handledCount > 0, state.withLock({ $0.isWorkingOffSuspects }) { return step }
        state.withLock { $0.isWorkingOffSuspects = false }
        var standing = ConsumerStanding.running
        for stream in try await inflow.streams where !environment.isStopping {
            if try await isFull() { return step }
            guard let place = try await place(in: stream, under: lease) else {
                standing = state.withLock { $0.standing }
                continue
            }
            let limit = environment.settings.batchCountMax
            if let batch = try await inflow.next(of: stream, after: place, limit: limit) {
                let taken = try await take(batch, under: lease)
                step.handledCount += taken.handledCount
                if batch.items.count == limit || taken.reached < batch.upTo || taken.isRetryDue {
                    step.hasMore = true
                }
                if taken.isFull { return step }
            } else {
                try await settlePlace(in: stream, under: lease)
            }
            let reached = state.withLock { $0.places[stream] } ?? 0
            try await endReplay(of: stream, at: reached, under: lease)
        }
        takeStanding(standing)
        return step
    }

    /// How far a batch was taken.
    struct Taken: Sendable {
        var reached: Int64
        var handledCount = 0
        var isFull = false
        var isRetryDue = false
    }

    private func take(_ batch: StreamBatch, under lease: Lease) async throws -> Taken {
        countUnknown(batch)
        guard batch.items.contains(where: { subscription.hears($0.event.envelope.type) }) else {
            try await passOver(to: batch.upTo, in: batch.stream, under: lease)
            return Taken(reached: batch.upTo)
        }
        guard !isSuspect(batch) else {
            try await parkSuspects(batch, under: lease)
            return Taken(reached: batch.upTo, isRetryDue: true)
        }
        let (taken, tally) = try await handle(batch, under: lease)
        state.withLock { state in
            state.places[batch.stream] = taken.reached
            state.storedPlaces[batch.stream] = taken.reached
            state.parkedCount = tally.parkedCount ?? state.parkedCount
        }
        report(tally)
        if taken.isFull { stop(as: .full(parkedCount: tally.parkedCount ?? 0)) }
        return taken
    }

    /// Handles a batch and moves the cursor, in one transaction.
    ///
    /// A failing event is undone alone and parked with its key; the others commit. For that each
    /// event needs a savepoint, which costs a round trip where the engine is a server. As nearly
    /// all batches succeed, one is handled without them first, and again with them if that failed.
    private func handle(
        _ batch: StreamBatch, under lease: Lease
    ) async throws -> (Taken, Tally) {
        let failedUpTo = state.withLock { $0.failedUpTo[batch.stream] }
        var failure: (any Error)?
        // Where one event failed, the next ones often do, too.
        if failedUpTo.map({ batch.after > $0 }) ?? true {
            do {
                return try await handle(batch, separately: false, under: lease)
            } catch let error where isFaultOfEvent(error) { failure = error }
        }
        let (taken, tally) = try await handle(batch, separately: true, under: lease)
        if failure != nil || !tally.failures.isEmpty {
            state.withLock { $0.failedUpTo[batch.stream] = batch.upTo }
        }
        if let failure, tally.failures.isEmpty {
            logger.warning(
                "events failed together and not one by one", error: failure,
                metadata: ["consumer": "\(name)", "stream": "\(batch.stream)"])
        }
        return (taken, tally)
    }

    /// In a batch that is handled whole, so many events are handled between two looks at what the
    /// engine says of them: statements whose outcome a handler does not look at take their time,
    /// too.
    private static var unsettledCountMax: Int { 16 }

    private func handle(
        _ batch: StreamBatch, separately: Bool, under lease: Lease
    ) async throws -> (Taken, Tally) {
        let parkedCount = state.withLock { $0.parkedCount }
        return try await write(under: lease) { inbox in
            let start = self.environment.uptime()
            var tally = Tally(parkedCount: parkedCount)
            var taken = Taken(reached: batch.after)
            var known = try InboxBatch(of: batch.items.map(\.event), in: inbox)
            for (index, item) in batch.items.enumerated() {
                if let handle = self.subscription.handle(of: item.event.envelope.type) {
                    let replay = self.replay(of: item.offset, in: batch.stream)
                    guard
                        try self.handle(
                            item.event, with: handle, separately: separately, replay: replay,
                            in: inbox, known: &known, tally: &tally)
                    else {
                        taken.isFull = true
                        break
                    }
                }
                taken.reached = item.offset
                if !separately, (index + 1) % Self.unsettledCountMax == 0 {
                    try inbox.transaction.settle()
                }
                let elapsed = self.environment.uptime() - start
                if elapsed > self.environment.settings.transactionDurationMax { break }
            }
            let now = self.environment.now()
            try known.store(at: now)
            try inbox.moveCursor(of: batch.stream, to: taken.reached, at: now)
            taken.handledCount = tally.handled.count
            return (taken, tally)
        }
    }

    /// Handles one event; `false` when it would have to be parked and there is no room.
    ///
    /// - Throws: what the handler throws, unless the event is handled separately.
    private func handle(
        _ event: LoggedEvent, with handle: Handle, separately: Bool, replay: Replay?,
        in inbox: Inbox, known: inout InboxBatch, tally: inout Tally
    ) throws -> Bool {
        if try known.isTaken(event) {
            tally.duplicateCount += 1
            return true
        }
        if try known.isBlocked(event) {
            guard try hasRoom(in: inbox, tally: &tally) else { return false }
            try inbox.park(event, as: .behind, in: replay, at: environment.now())
            known.parked(event)
            return true
        }
        do {
            let duration = try attempt(
                handle, on: event, attempt: 1, separately: separately, replay: replay, in: inbox)
            known.handled(event, in: duration)
            tally.handled.append((event.envelope.topic, duration))
        } catch let error where separately && isFaultOfEvent(error) {
            guard try hasRoom(in: inbox, tally: &tally) else { return false }
            let parking = parking(after: error, attempts: AttemptCount(total: 1))
            try inbox.park(event, as: parking, in: replay, at: environment.now())
            known.parked(event)
            tally.failures.append(Failure(event: event, error: error, parking: parking))
        }
        return true
    }

    /// Takes a place among the parked events, if there is one left.
    private func hasRoom(in inbox: Inbox, tally: inout Tally) throws -> Bool {
        let count = try tally.parkedCount ?? inbox.parkedCount()
        tally.parkedCount = count
        guard count < environment.settings.parkedCountMax else { return false }
        tally.parkedCount = count + 1
        return true
    }

    /// Runs a handler inside the event's context and span, and tells how long it took.
    ///
    /// - Parameters:
    ///   - separately: whether in a savepoint, so that its failure undoes it alone.
    ///   - finish: remembers in the same transaction that it did.
    func attempt(
        _ handle: Handle, on event: LoggedEvent, attempt: Int, separately: Bool,
        replay: Replay?, in inbox: Inbox, finish: (Duration) throws -> Void = { _ in }
    ) throws -> Duration {
        let transaction = inbox.transaction
        let span = startSpan(for: event)
        defer { span.end() }
        let (outer, wasMuted) = (transaction.context, transaction.isMuted)
        let start = environment.uptime()
        let end = start + environment.settings.handlerDurationMax
        transaction.context = span.context
        transaction.isMuted = replay?.isRebuild ?? false
        transaction.isOverdue = { [environment] in environment.uptime() > end }
        take(event, since: start)
        defer {
            transaction.context = outer
            transaction.isMuted = wasMuted
            transaction.isOverdue = nil
            putDown(event)
        }
        do {
            return try InstrumentationContext.withValue(span.context) {
                func work() throws -> Duration {
                    let delivery = Delivery(
                        event, attempt: attempt, isReplay: replay != nil)
                    try handle(delivery, transaction)
                    transaction.isOverdue = nil
                    let duration = environment.uptime() - start
                    try finish(duration)
                    return duration
                }
                return separately ? try transaction.savepoint(work) : try work()
            }
        } catch is TransactionOverdue {
            let error = DeadlineExceeded(
                consumer: name, deadline: environment.settings.handlerDurationMax)
            span.recordError(error)
            throw error
        } catch {
            span.recordError(error)
            throw error
        }
    }

    /// Whether a failure is to be held against the event. A storage that is away or full is not
    /// its fault (one that takes too long over it may be), nor is a lease that was lost, nor the
    /// end of the process; a handler's own `CancellationError` is.
    func isFaultOfEvent(_ error: any Error) -> Bool {
        if let error = error as? StorageError {
            // At its end the process breaks off what it waits for: no fault of the event's.
            return !error.isTransient || error.kind == .timeout && !environment.isStopping
        }
        if error is LeaseLost || error is ConsumerFull { return false }
        return !(error is CancellationError && Task.isCancelled)
    }

    func parking(after error: any Error, attempts: AttemptCount) -> Parking {
        Parking(
            failure: error, attempts: attempts, policy: policy, chance: environment.chance(),
            now: environment.now())
    }
}

// MARK: - The event in hand

extension Consumer {
    func take(_ event: LoggedEvent, since start: Duration) {
        state.withLock {
            $0.inHand[event.envelope.id] = .init(event: event, since: start)
        }
    }

    func putDown(_ event: LoggedEvent) {
        state.withLock { _ = $0.inHand.removeValue(forKey: event.envelope.id) }
    }
}
