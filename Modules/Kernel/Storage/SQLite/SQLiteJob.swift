import GRDB
import Instrumentation
import Synchronization

/// One waiting read or write, without its result's type.
protocol AnySQLiteJob: Sendable {
    /// Runs the closure and keeps its result; may be called again after the group was rolled back.
    func run(on connection: SQLiteConnection) throws
    /// Answers the caller: what it wrote is durable.
    func settle()
    /// Answers the caller: nothing of this job was written.
    func fail(_ error: any Error)
}

/// A closure that reads or writes, with its caller's continuation, answered exactly once.
final class SQLiteJob<Result: Sendable>: AnySQLiteJob {
    private enum Phase {
        case idle
        /// Cancelled before it was submitted.
        case cancelled
        case waiting(CheckedContinuation<Result, any Error>)
        case done
    }

    private struct State {
        var phase = Phase.idle
        var hasBegun = false
        var outcome: Swift.Result<Result, any Error>?
        var actionsAfterCommit: [@Sendable () -> Void] = []
    }

    private let context: InstrumentationContext
    private let body: @Sendable (Transaction) throws -> Result
    private let state = Mutex(State())

    init(
        context: InstrumentationContext,
        body: @escaping @Sendable (Transaction) throws -> Result
    ) {
        self.context = context
        self.body = body
    }

    func start(_ continuation: CheckedContinuation<Result, any Error>) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state.phase { return true }
            state.phase = .waiting(continuation)
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    /// A cancelled job that has not begun is answered now and not run; one that has begun is
    /// finished.
    func cancel() {
        // In one step with the look: a job must not begin while it is being answered.
        let continuation = state.withLock { state -> CheckedContinuation<Result, any Error>? in
            switch state.phase {
            case .idle:
                state.phase = .cancelled
                return nil
            case .waiting(let continuation) where !state.hasBegun:
                state.phase = .done
                return continuation
            case .waiting, .cancelled, .done:
                return nil
            }
        }
        continuation?.resume(throwing: CancellationError())
    }

    func run(on connection: SQLiteConnection) throws {
        let isAnswered = state.withLock { state in
            state.hasBegun = true
            guard case .waiting = state.phase else { return true }
            return false
        }
        do {
            if isAnswered { throw CancellationError() }
            let transaction = Transaction(on: connection, context: context)
            let result = try body(transaction)
            let actions = transaction.actionsAfterCommit
            state.withLock {
                $0.outcome = .success(result)
                $0.actionsAfterCommit = actions
            }
        } catch {
            state.withLock {
                $0.outcome = .failure(error)
                $0.actionsAfterCommit = []
            }
            throw error
        }
    }

    func settle() {
        let (outcome, actions) = state.withLock { ($0.outcome, $0.actionsAfterCommit) }
        guard let outcome else { preconditionFailure("a job is settled after it ran") }
        for action in actions { action() }
        answer(outcome)
    }

    func fail(_ error: any Error) { answer(.failure(error)) }

    private func answer(_ outcome: Swift.Result<Result, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Result, any Error>? in
            guard case .waiting(let continuation) = state.phase else { return nil }
            state.phase = .done
            return continuation
        }
        switch outcome {
        case .success(let result): continuation?.resume(returning: result)
        case .failure(let error as DatabaseError):
            continuation?.resume(throwing: StorageError(error))
        case .failure(let error): continuation?.resume(throwing: error)
        }
    }
}
