import Events
import Foundation
import Storage

extension Consumer {
    struct Retries: Sendable {
        var handledCount = 0
        var hasMore = false
        var nextDue: Date?
    }

    private struct Parked: Sendable {
        let source: String
        let event: LoggedEvent
    }

    /// Tries again the first parked event of keys that are due, a few keys a round, so that fresh
    /// events are taken in between.
    func retryDue() async throws -> Retries {
        let concurrency = subscription.concurrency
        let limit = max(concurrency, environment.settings.retryCountMax)
        let due = try await parkedEvents(dueAt: environment.now(), limit: limit)
        let works = due.map { parked -> KeyWork in
            { try await self.retry(parked) ? 1 : 0 }
        }
        var retries = Retries()
        retries.handledCount = try await sideBySide(works, concurrency: concurrency).handledCount
        // A handled event makes the next of its key due at once.
        retries.hasMore = due.count == limit || retries.handledCount > 0
        retries.nextDue = try await nextDue()
        return retries
    }

    private func retry(_ parked: Parked) async throws -> Bool {
        let event = parked.event
        let attempt = try await database.write { transaction in
            try self.inbox(of: parked.source, in: transaction)
                .countAttempt(of: event.position, at: self.environment.now())
        }
        guard let attempt else { return false }
        let start = ContinuousClock.now
        do {
            // More attempts than allowed were counted, none failed: each ended the process.
            guard attempt <= policy.attemptCountMax else { throw AttemptsLost() }
            try await handle(parked, attempt: attempt)
            report(Tally(handled: [(event.envelope.topic, ContinuousClock.now - start)]))
            return true
        } catch let error where isFaultOfEvent(error) {
            let parking = parking(after: error, attempts: attempt)
            try await database.write { transaction in
                try self.inbox(of: parked.source, in: transaction)
                    .recordFailure(of: event.position, as: parking)
            }
            report(Tally(failures: [Failure(event: event, error: error, parking: parking)]))
            return false
        } catch {
            // Not the event's fault: it gets the attempt back, unless the storage is still away.
            _ = try? await database.write { transaction in
                try self.inbox(of: parked.source, in: transaction)
                    .giveAttemptBack(of: event.position)
            }
            throw error
        }
    }

    private func handle(_ parked: Parked, attempt: Int) async throws {
        let type = parked.event.envelope.type
        switch subscription.work {
        case .transactional(let handlers):
            guard let handler = handlers[type] else { throw Unheard(type: type) }
            try await retry(parked, attempt: attempt, with: handler.handle)
        case .everything(let handle):
            try await retry(parked, attempt: attempt, with: handle)
        case .effect(let handlers, _, let deadline):
            guard let handler = handlers[type] else { throw Unheard(type: type) }
            try await perform(
                handler, on: parked.event, of: parked.source, attempt: attempt,
                deadline: deadline, wasParked: true)
        }
    }

    private func retry(_ parked: Parked, attempt: Int, with handle: @escaping Handle) async throws {
        try await database.write { transaction in
            let inbox = self.inbox(of: parked.source, in: transaction)
            guard try inbox.isOpen(parked.event, wasParked: true) else { return }
            _ = try self.attempt(
                handle, on: parked.event, attempt: attempt, wasParked: true, in: inbox)
        }
    }

    private func parkedEvents(dueAt now: Date, limit: Int) async throws -> [Parked] {
        let consumer = subscription.consumer
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT source, position, \(Envelope.columns) FROM inbox_parked
                WHERE consumer = \(consumer) AND state = \(ParkedState.retrying)
                    AND due_at <= \(now)
                ORDER BY due_at, position LIMIT \(limit)
                """
            ).map { row in
                let source = try row.get("source", as: String.self)
                return Parked(
                    source: source,
                    event: try LoggedEvent(row, source: Outbox.source(of: source)))
            }
        }
    }

    private func nextDue() async throws -> Date? {
        let consumer = subscription.consumer
        return try await database.read { transaction in
            try transaction.first(
                """
                SELECT MIN(due_at) AS due FROM inbox_parked
                WHERE consumer = \(consumer) AND state = \(ParkedState.retrying)
                """)?.get("due", as: Date?.self)
        }
    }
}

/// A parked event's type is no longer heard by its consumer; a later version may hear it again.
struct Unheard: PermanentFailure {
    let type: EventType
}

/// Every allowed attempt was begun and none came to an end.
struct AttemptsLost: PermanentFailure {}
