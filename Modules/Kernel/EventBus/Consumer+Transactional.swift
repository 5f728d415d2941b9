import Events
import Foundation
import Instrumentation
import Storage
import Tracing

/// What a transactional handler is when its event type was looked up.
typealias Handle = @Sendable (Delivery, Transaction) throws -> Void

extension Consumer {
    /// Handles a batch, each event in a savepoint, and moves the cursor, in one transaction.
    ///
    /// A failing event is undone alone and parked with its key; the others commit.
    func takeTransactionally(
        _ batch: LogBatch, handler: @escaping @Sendable (EventType) -> Handle?
    ) async throws -> Taken {
        let (taken, tally) = try await database.write { transaction in
            let inbox = self.inbox(of: batch.source, in: transaction)
            let start = ContinuousClock.now
            var tally = Tally()
            var taken = Taken(reached: batch.after)
            for event in batch.events {
                if let handle = handler(event.envelope.type) {
                    try self.handle(event, with: handle, in: inbox, tally: &tally)
                }
                taken.reached = event.position
                let elapsed = ContinuousClock.now - start
                if elapsed > self.environment.settings.transactionDurationMax { break }
            }
            try inbox.moveCursor(to: taken.reached, at: self.environment.now())
            taken.handledCount = tally.handled.count
            return (taken, tally)
        }
        report(tally)
        return taken
    }

    private func handle(
        _ event: LoggedEvent, with handle: Handle, in inbox: Inbox, tally: inout Tally
    ) throws {
        if try inbox.hasSeen(event) {
            tally.duplicateCount += 1
        } else if try inbox.isParked(key: event.envelope.key) {
            try inbox.park(event, as: .behind, at: environment.now())
        } else {
            do {
                let duration = try attempt(handle, on: event, attempt: 1, in: inbox)
                tally.handled.append((event.envelope.topic, duration))
            } catch let error where isFaultOfEvent(error) {
                let parking = parking(after: error, attempts: 1)
                try inbox.park(event, as: parking, at: environment.now())
                tally.failures.append(Failure(event: event, error: error, parking: parking))
            }
        }
    }

    /// Runs a handler inside the event's context and span, and remembers that it did: in one
    /// savepoint, so that neither is there without the other. Tells how long the handler took.
    func attempt(
        _ handle: Handle, on event: LoggedEvent, attempt: Int, wasParked: Bool = false,
        in inbox: Inbox
    ) throws -> Duration {
        let transaction = inbox.transaction
        let span = startSpan(for: event)
        defer { span.end() }
        let outer = transaction.context
        transaction.context = span.context
        defer { transaction.context = outer }
        do {
            return try InstrumentationContext.withValue(span.context) {
                try transaction.savepoint {
                    let start = ContinuousClock.now
                    try handle(Delivery(event, attempt: attempt), transaction)
                    let duration = ContinuousClock.now - start
                    try inbox.finish(
                        event, wasParked: wasParked, attempts: attempt, at: environment.now(),
                        took: duration)
                    return duration
                }
            }
        } catch {
            span.recordError(error)
            throw error
        }
    }

    /// Whether a failure is to be held against the event. A storage that is away or full is not
    /// its fault, and neither is the end of the process; a handler's own `CancellationError` is.
    func isFaultOfEvent(_ error: any Error) -> Bool {
        if let error = error as? StorageError { return !error.isTransient }
        return !(error is CancellationError && Task.isCancelled)
    }

    func parking(after error: any Error, attempts: Int) -> Parking {
        Parking(
            failure: error, attempts: attempts, policy: policy, chance: environment.chance(),
            now: environment.now())
    }
}
