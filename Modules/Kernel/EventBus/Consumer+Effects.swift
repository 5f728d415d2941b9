import Events
import Foundation
import Instrumentation
import Storage
import Tracing

extension Consumer {
    /// Events of one key, to be handled one after the other; returns how many were.
    typealias KeyWork = @Sendable () async throws -> Int

    /// What became of works that ran side by side.
    struct Completion: Sendable {
        var handledCount = 0
        /// Whether every work came to its end; not so when the process is stopping.
        var isComplete = true
    }

    /// Performs a batch's effects, events of one key one after the other, keys side by side.
    func takeWithEffects(
        _ batch: LogBatch, handlers: [EventType: EffectHandler], concurrency: Int,
        deadline: Duration
    ) async throws -> Taken {
        let heard = batch.events.filter { handlers[$0.envelope.type] != nil }
        let works = Dictionary(grouping: heard, by: \.envelope.key).values.map {
            sequence -> KeyWork in
            {
                try await self.perform(
                    sequence, of: batch.source, handlers: handlers, deadline: deadline)
            }
        }
        let completion = try await sideBySide(works, concurrency: concurrency)
        guard completion.isComplete else {
            return Taken(reached: batch.after, handledCount: completion.handledCount)
        }
        try await database.write { transaction in
            try self.inbox(of: batch.source, in: transaction)
                .moveCursor(to: batch.upTo, at: self.environment.now())
        }
        return Taken(reached: batch.upTo, handledCount: completion.handledCount)
    }

    /// Runs works, so many at a time. One that fails stops no other; nothing is begun any more
    /// when the process is stopping.
    ///
    /// - Throws: the first failure, after all that were begun have ended.
    func sideBySide(_ works: [KeyWork], concurrency: Int) async throws -> Completion {
        var waiting = works[...]
        return try await withThrowingTaskGroup(of: Result<Int, any Error>.self) { group in
            var completion = Completion()
            var failure: (any Error)?
            var runningCount = 0
            while true {
                while runningCount < concurrency, failure == nil, !environment.isStopping,
                    let work = waiting.popFirst()
                {
                    runningCount += 1
                    group.addTask(name: subscription.consumer) {
                        do { return .success(try await work()) } catch { return .failure(error) }
                    }
                }
                guard let result = try await group.next() else { break }
                runningCount -= 1
                switch result {
                case .success(let count): completion.handledCount += count
                case .failure(let error): failure = failure ?? error
                }
            }
            if let failure { throw failure }
            completion.isComplete = waiting.isEmpty && !environment.isStopping
            return completion
        }
    }

    private func perform(
        _ sequence: [LoggedEvent], of source: String, handlers: [EventType: EffectHandler],
        deadline: Duration
    ) async throws -> Int {
        var handledCount = 0
        for event in sequence {
            guard !environment.isStopping, let handler = handlers[event.envelope.type] else {
                continue
            }
            if try await isTaken(event, of: source) { continue }
            let start = ContinuousClock.now
            do {
                try await perform(
                    handler, on: event, of: source, attempt: 1, deadline: deadline,
                    wasParked: false)
                handledCount += 1
                report(Tally(handled: [(event.envelope.topic, ContinuousClock.now - start)]))
            } catch let error where isFaultOfEvent(error) {
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
        deadline: Duration, wasParked: Bool
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
                    guard try inbox.isOpen(event, wasParked: wasParked) else { return }
                    try record(transaction)
                    try inbox.finish(
                        event, wasParked: wasParked, attempts: attempt, at: self.environment.now(),
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
