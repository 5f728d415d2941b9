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
            let inbox = Inbox(
                consumer: self.subscription.consumer, source: batch.source,
                transaction: transaction)
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
            let start = ContinuousClock.now
            do {
                try attempt(handle, on: event, attempt: 1, in: inbox.transaction)
                let duration = ContinuousClock.now - start
                try inbox.recordHandled(
                    event, attempts: 1, at: environment.now(), took: duration)
                tally.handled.append((event.envelope.topic, duration))
            } catch  where !isFaultOfStorage(error) {
                let parking = parking(after: error, attempts: 1)
                try inbox.park(event, as: parking, at: environment.now())
                tally.failures.append(Failure(event: event, error: error, parking: parking))
            }
        }
    }

    /// Runs a handler in a savepoint, inside the event's context and span.
    func attempt(
        _ handle: Handle, on event: LoggedEvent, attempt: Int, in transaction: Transaction
    ) throws {
        let span = startSpan(for: event)
        defer { span.end() }
        let outer = transaction.context
        transaction.context = span.context
        defer { transaction.context = outer }
        do {
            try InstrumentationContext.withValue(span.context) {
                try transaction.savepoint {
                    try handle(Delivery(event, attempt: attempt), transaction)
                }
            }
        } catch {
            span.recordError(error)
            throw error
        }
    }

    /// A storage that is away or full fails the whole batch; it is not the event's fault.
    func isFaultOfStorage(_ error: any Error) -> Bool {
        (error as? StorageError)?.isTransient ?? false
    }

    func parking(after error: any Error, attempts: Int) -> Parking {
        Parking(
            failure: error, attempts: attempts, policy: policy, chance: environment.chance(),
            now: environment.now())
    }
}
