import Events
import Foundation
import Instrumentation
import Storage
import Tracing

extension Consumer {
    /// Performs a batch's effects, events of one key one after the other, keys side by side.
    func takeWithEffects(
        _ batch: LogBatch, handlers: [EventType: EffectHandler], concurrency: Int,
        deadline: Duration
    ) async throws -> Taken {
        let heard = batch.events.filter { handlers[$0.envelope.type] != nil }
        let sequences = Dictionary(grouping: heard, by: \.envelope.key).values
        let handledCount = try await withThrowingTaskGroup(of: Int.self) { group in
            var waiting = sequences.makeIterator()
            var handledCount = 0
            var runningCount = 0
            while true {
                while runningCount < concurrency, let sequence = waiting.next() {
                    runningCount += 1
                    group.addTask(name: subscription.consumer) {
                        try await self.perform(
                            sequence, of: batch.source, handlers: handlers, deadline: deadline)
                    }
                }
                guard let count = try await group.next() else { return handledCount }
                runningCount -= 1
                handledCount += count
            }
        }
        try await database.write { transaction in
            try self.inbox(of: batch.source, in: transaction)
                .moveCursor(to: batch.upTo, at: self.environment.now())
        }
        return Taken(reached: batch.upTo, handledCount: handledCount)
    }

    private func perform(
        _ sequence: [LoggedEvent], of source: String, handlers: [EventType: EffectHandler],
        deadline: Duration
    ) async throws -> Int {
        var handledCount = 0
        for event in sequence {
            guard let handler = handlers[event.envelope.type] else { continue }
            if try await isTaken(event, of: source) { continue }
            let start = ContinuousClock.now
            do {
                try await perform(
                    handler, on: event, of: source, attempt: 1, deadline: deadline, unpark: false)
                handledCount += 1
                report(Tally(handled: [(event.envelope.topic, ContinuousClock.now - start)]))
            } catch  where !isFaultOfStorage(error) && !(error is CancellationError) {
                let parking = parking(after: error, attempts: 1)
                try await database.write { transaction in
                    try self.inbox(of: source, in: transaction)
                        .park(event, as: parking, at: self.environment.now())
                }
                report(Tally(failures: [Failure(event: event, error: error, parking: parking)]))
            }
        }
        return handledCount
    }

    /// Whether there is nothing to perform: seen before, or put behind a parked event of its key.
    private func isTaken(_ event: LoggedEvent, of source: String) async throws -> Bool {
        enum Place { case new, duplicate, behind }
        let place = try await database.read { transaction -> Place in
            let inbox = self.inbox(of: source, in: transaction)
            if try inbox.hasSeen(event) { return .duplicate }
            return try inbox.isParked(key: event.envelope.key) ? .behind : .new
        }
        switch place {
        case .new:
            return false
        case .duplicate:
            report(Tally(duplicateCount: 1))
        case .behind:
            try await database.write { transaction in
                try self.inbox(of: source, in: transaction)
                    .park(event, as: .behind, at: self.environment.now())
            }
        }
        return true
    }

    /// Performs one effect and records its outcome with the mark, in one transaction.
    func perform(
        _ handler: EffectHandler, on event: LoggedEvent, of source: String, attempt: Int,
        deadline: Duration, unpark: Bool
    ) async throws {
        let span = startSpan(for: event)
        defer { span.end() }
        do {
            try await InstrumentationContext.withValue(span.context) {
                let start = ContinuousClock.now
                let record = try await within(deadline) {
                    try await handler.perform(Delivery(event, attempt: attempt))
                }
                try await database.write { transaction in
                    let inbox = self.inbox(of: source, in: transaction)
                    if unpark {
                        try inbox.unpark(event, at: self.environment.now())
                    } else if try inbox.hasSeen(event) {
                        return
                    }
                    try record(transaction)
                    try inbox.recordHandled(
                        event, attempts: attempt, at: self.environment.now(),
                        took: ContinuousClock.now - start)
                }
            }
        } catch {
            span.recordError(error)
            throw error
        }
    }

    private func within<T: Sendable>(
        _ deadline: Duration, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let consumer = subscription.consumer
        let clock = environment.clock
        return try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask(name: consumer) { try await body() }
            group.addTask(name: "deadline") {
                try await clock.sleep(for: deadline)
                throw DeadlineExceeded(consumer: consumer, deadline: deadline)
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    func inbox(of source: String, in transaction: Transaction) -> Inbox {
        Inbox(consumer: subscription.consumer, source: source, transaction: transaction)
    }
}

/// An effect took longer than its consumer allows; it is tried again.
package struct DeadlineExceeded: Error, Hashable {
    package let consumer: String
    package let deadline: Duration
}
