import Events
import Foundation
import Logging
import Storage
import Synchronization

extension Consumer {
    struct Retries: Sendable {
        var handledCount = 0
        var hasMore = false
        var untilDue = Duration.seconds(3_600)
    }

    /// Tries again the first parked event of keys that are due, a few keys a round, so that fresh
    /// events are taken in between.
    func retryDue(under lease: Lease) async throws -> Retries {
        let limit = environment.settings.retryCountMax
        var retries = Retries()
        let due = try await dueEvents(limit: limit)
        for event in due.events where !environment.isStopping {
            if try await retry(event, under: lease) { retries.handledCount += 1 }
        }
        // A handled event makes the next of its key due at once.
        retries.hasMore = due.events.count == limit || retries.handledCount > 0
        // One that failed again has got a time of its own.
        retries.untilDue =
            due.events.isEmpty ? due.untilDue : try await dueEvents(limit: 1).untilDue
        return retries
    }

    /// Tries a parked event once more; tells whether it was handled.
    func retry(_ event: LoggedEvent, under lease: Lease) async throws -> Bool {
        let count = try await write(under: lease) {
            try $0.countAttempt(of: event, at: self.environment.now())
        }
        guard let count else { return false }
        // As an operator may have edited it since it was read.
        let event = event.with(data: count.data)
        let start = environment.uptime()
        do {
            // More attempts than allowed were counted, none failed: each ended the process.
            guard count.counting <= policy.attemptCountMax else { throw AttemptsLost() }
            try await handle(event, count, under: lease)
            report(Tally(handled: [(event.envelope.topic, environment.uptime() - start)]))
            state.withLock { $0.parkedCount = $0.parkedCount.map { max(0, $0 - 1) } }
            return true
        } catch let error where isFaultOfEvent(error) {
            let parking = parking(after: error, attempts: count)
            try await write(under: lease) {
                try $0.recordFailure(of: event, as: parking, since: count)
            }
            report(Tally(failures: [Failure(event: event, error: error, parking: parking)]))
            return false
        } catch {
            // Not the event's fault: it gets the attempt back, unless the storage is still away;
            // also when this task was cancelled, for shutdowns are no attempts.
            await Task(executorPreference: environment.executor) {
                _ = try? await self.write(under: lease) { try $0.giveAttemptBack(of: event) }
            }.value
            throw error
        }
    }

    private func handle(
        _ event: LoggedEvent, _ count: AttemptCount, under lease: Lease
    ) async throws {
        let (type, attempt) = (event.envelope.type, count.total)
        let replay = count.replay
        if case .effect(let effects) = subscription.work {
            guard let handle = subscription.perform(of: type) else { throw Unheard(type: type) }
            if let replay, !replay.withEffects {
                let now = environment.now()
                try await write(under: lease) { inbox in
                    try inbox.finish(
                        event, as: .silent, wasParked: true, attempts: attempt, at: now)
                }
                return
            }
            try await perform(
                handle, on: event, attempt: attempt, deadline: effects.deadline, replay: replay,
                wasParked: true, under: lease)
            return
        }
        guard let handle = subscription.handle(of: type) else { throw Unheard(type: type) }
        try await write(under: lease) { inbox in
            guard try inbox.isOpen(event, wasParked: true) else { return }
            _ = try self.attempt(
                handle, on: event, attempt: attempt, separately: false, replay: replay, in: inbox
            ) { duration in
                try inbox.finish(
                    event, wasParked: true, attempts: attempt, at: self.environment.now(),
                    took: duration)
            }
        }
    }

    /// Parked events that are due to be tried again, the first of their keys, and how long until
    /// the next will be: nothing when they are due now, an hour when there is none.
    func dueEvents(limit: Int) async throws -> (events: [LoggedEvent], untilDue: Duration) {
        guard try await parkedCount() > 0 else { return ([], .seconds(3_600)) }
        let now = environment.now()
        let (events, next) = try await read { inbox in
            let events = try inbox.transaction.rows(
                """
                SELECT log, position, \(Envelope.columns) FROM inbox_parked
                WHERE consumer = \(inbox.consumer) AND state = \(ParkedState.retrying)
                    AND due_at <= \(now) \(Self.isNotAhead)
                ORDER BY position LIMIT \(limit)
                """
            ).map { try LoggedEvent($0, log: try $0.get("log")) }
            let next = try inbox.transaction.first(
                """
                SELECT MIN(due_at) AS due FROM inbox_parked
                WHERE consumer = \(inbox.consumer) AND state = \(ParkedState.retrying)
                    \(Self.isNotAhead)
                """)?.get("due", as: Date?.self)
            return (events, next)
        }
        guard let next else { return (events, .seconds(3_600)) }
        return (events, .seconds(min(max(0, next.timeIntervalSince(now)), 3_600)))
    }

    /// While a replay goes on, a parked event waits until those before it were heard again.
    private static var isNotAhead: SQL {
        """
        AND NOT EXISTS (
            SELECT 1 FROM inbox_replays r JOIN inbox_cursors c
                ON c.consumer = r.consumer AND c.stream = r.stream
            WHERE r.consumer = inbox_parked.consumer AND r.stream = inbox_parked.log
                AND r.begun_at IS NOT NULL AND r.ended_at IS NULL
                AND c.position < inbox_parked.position)
        """
    }

    /// Makes due what an older program of a fleet gave up because it did not know the version, and
    /// this one does.
    func takeUpNewVersions(under lease: Lease) async throws {
        // No program is too old for a first version.
        let types = (subscription.types ?? []).filter { $0.version ?? 1 > 1 }
        guard !types.isEmpty else { return }
        let now = environment.now()
        let count = try await write(under: lease) { inbox in
            try types.reduce(0) { count, type in
                try count
                    + inbox.transaction.rowsChanged(
                        by: """
                            UPDATE inbox_parked SET state = \(ParkedState.retrying),
                                due_at = \(now), attempts_forgiven = attempts
                            WHERE consumer = \(inbox.consumer) AND state = \(ParkedState.dead)
                                AND type = \(type)
                                AND error = \(UnknownVersion(type: type).description)
                            """)
            }
        }
        guard count > 0 else { return }
        logger.notice(
            "events are tried again whose version an older program did not know",
            metadata: ["consumer": "\(name)", "count": "\(count)"])
    }

    /// How many events are parked. Only this consumer parks, so what it knows is right, or too many
    /// after an operator took some out.
    func parkedCount() async throws -> Int {
        if let known = state.withLock({ $0.parkedCount }) { return known }
        let count = try await read { try $0.parkedCount() }
        state.withLock { $0.parkedCount = count }
        return count
    }

    /// Whether as many events are parked as may be; found out anew now and then while it is so.
    func isFull() async throws -> Bool {
        guard case .full = state.withLock({ $0.standing }) else { return false }
        let count = try await parkedCount()
        let isFull = count >= environment.settings.parkedCountMax
        state.withLock { $0.standing = isFull ? .full(parkedCount: count) : .running }
        return isFull
    }
}

/// A parked event's type is no longer heard by its consumer; a later version may hear it again.
struct Unheard: PermanentFailure {
    let type: EventType
}

/// Every allowed attempt was begun and none came to an end.
struct AttemptsLost: PermanentFailure {}

/// An event would have to be parked and there is no room; it is taken again when there is.
struct ConsumerFull: Error {}
