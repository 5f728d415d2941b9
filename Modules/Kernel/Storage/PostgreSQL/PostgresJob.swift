import Dispatch
import Foundation
import Instrumentation
import Synchronization

/// One transaction that waits for a connection or runs, without its result's type.
protocol AnyPostgresJob: AnyObject, Sendable {
    /// Runs it and answers the caller; blocks. When nothing of it can have been kept because the
    /// connection was lost, it is not answered: it may run again on another connection.
    func run(on connection: PostgresConnection) -> PostgresJobEnd
    /// Answers the caller: nothing was done.
    func fail(_ error: any Error)
    /// Whether the caller was answered before it could run.
    var isAnswered: Bool { get }
}

enum PostgresJobEnd {
    case answered
    /// The connection was lost before the commit was sent.
    case mayRunAgain(StorageError)
}

/// A closure with its caller's continuation, answered exactly once.
final class PostgresJob<Value: Sendable>: AnyPostgresJob {
    enum Work: Sendable {
        case read
        case write(Isolation)
    }

    private enum Phase {
        case idle
        /// Cancelled before it was submitted.
        case cancelled
        case waiting(CheckedContinuation<Value, any Error>)
        case running(CheckedContinuation<Value, any Error>, PostgresCanceller)
        case done
    }

    private enum Cancellation {
        case nothing
        case answer(CheckedContinuation<Value, any Error>)
        case stop(PostgresCanceller)
    }

    private let work: Work
    private let context: InstrumentationContext
    private let body: @Sendable (Transaction) throws -> Value
    private let phase = Mutex(Phase.idle)
    private let isStopped = Atomic(false)

    init(
        _ work: Work, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) {
        self.work = work
        self.context = context
        self.body = body
    }

    var isAnswered: Bool {
        phase.withLock { phase in
            switch phase {
            case .done, .cancelled: true
            case .idle, .waiting, .running: false
            }
        }
    }

    func start(_ continuation: CheckedContinuation<Value, any Error>) {
        let isCancelled = phase.withLock { phase in
            if case .cancelled = phase { return true }
            phase = .waiting(continuation)
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    /// Answers a caller whose job still waits; has the server cancel the statement of one that
    /// runs. A server that does not heed that within a second no longer holds up the caller.
    func cancel() {
        let verdict = phase.withLock { phase -> Cancellation in
            switch phase {
            case .idle:
                phase = .cancelled
                return .nothing
            case .waiting(let continuation):
                phase = .done
                return .answer(continuation)
            case .running(_, let canceller):
                isStopped.store(true, ordering: .relaxed)
                return .stop(canceller)
            case .cancelled, .done:
                return .nothing
            }
        }
        switch verdict {
        case .nothing: break
        case .answer(let continuation): continuation.resume(throwing: CancellationError())
        case .stop(let canceller):
            // It blocks, for ever if the server says nothing: on a thread of its own, one a
            // connection at most, for those of Dispatch are few and Swift's tasks run on them.
            Thread.detachNewThread { canceller.cancel(self) }
            DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
                self.fail(CancellationError())
            }
        }
    }

    func fail(_ error: any Error) { answer(.failure(error)) }

    func run(on connection: PostgresConnection) -> PostgresJobEnd {
        let canceller = connection.canceller
        let isWanted = phase.withLock { phase in
            switch phase {
            case .waiting(let continuation), .running(let continuation, _):
                phase = .running(continuation, canceller)
                return true
            case .idle, .cancelled, .done:
                return false
            }
        }
        guard isWanted else { return .answered }
        canceller.begin(self)
        defer { canceller.end() }
        let start = ContinuousClock.now
        var tryCount = 0
        while true {
            tryCount += 1
            do {
                try attempt(on: connection)
                return .answered
            } catch let error as StorageError where mayTryAgain(error, tryCount, since: start) {
                // On the connection's own thread: nobody else waits for it.
                Thread.sleep(forTimeInterval: pause(after: tryCount))
            } catch let error as StorageError where !connection.isAlive {
                if error.isOutcomeUnknown || isAnswered {
                    fail(error)
                    return .answered
                }
                return .mayRunAgain(error)
            } catch {
                fail(cancelled(error) ? CancellationError() : error)
                return .answered
            }
        }
    }

    private func attempt(on connection: PostgresConnection) throws {
        switch work {
        case .read:
            try connection.look(in: context, body) { answer($0) }
        case .write(let isolation):
            let committed = try connection.transact(isolation, in: context, body)
            for action in committed.actions { action() }
            answer(.success(committed.value))
        }
    }

    private func mayTryAgain(
        _ error: StorageError, _ tryCount: Int, since start: ContinuousClock.Instant
    ) -> Bool {
        guard !isAnswered, !isStopped.load(ordering: .relaxed) else { return false }
        if error.isStalePlan { return tryCount < 3 }
        // A number of tries would be over the sooner, the more there are who want the same row.
        return error.kind == .conflict && ContinuousClock.now - start < Contention.patience
    }

    /// A caller that was cancelled is told so, not how the server ended its statement, nor what
    /// kept it from being run again.
    private func cancelled(_ error: any Error) -> Bool {
        guard isStopped.load(ordering: .relaxed), let error = error as? StorageError else {
            return false
        }
        return error.code == "57014" || error.kind == .conflict || error.isStalePlan
    }

    /// Seconds; random up to twice as long from try to try, so that those who met part.
    private func pause(after tryCount: Int) -> Double {
        Double.random(in: 0...1) * min(0.002 * exp2(Double(tryCount)), 0.1)
    }

    private func answer(_ outcome: Result<Value, any Error>) {
        let continuation = phase.withLock { phase -> CheckedContinuation<Value, any Error>? in
            switch phase {
            case .waiting(let continuation), .running(let continuation, _):
                phase = .done
                return continuation
            case .idle, .cancelled, .done:
                return nil
            }
        }
        continuation?.resume(with: outcome)
    }
}
