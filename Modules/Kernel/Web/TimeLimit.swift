import NIOCore
import NIOPosix
import Synchronization

/// Lets work take until a time and no longer.
enum TimeLimit {
    /// What the work returns, or the error when the time is over first; the work is cancelled then,
    /// and its end awaited.
    ///
    /// The work begins on the thread of its caller. What is ready before it has to wait for
    /// anything needs no timer; for the rest there is one of the connection's event loop, since
    /// `Task.sleep` would have Dispatch wake a thread of its own to set one, and another time to
    /// take it back.
    static func until<Value: Sendable>(
        _ deadline: ContinuousClock.Instant,
        orThrow error: @autoclosure @escaping @Sendable () -> any Error,
        name: String,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            let race = Race()
            let noted: @Sendable () async throws -> Value = {
                defer { race.end(as: .done) }
                return try await work()
            }
            if #available(macOS 26, *) {
                group.addImmediateTask(name: name, operation: noted)
            } else {
                group.addTask(name: name, operation: noted)
            }
            if !race.hasEnded {
                let rest = max(.zero, deadline - .now)
                let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(
                    in: .nanoseconds(Int64(rest / .nanoseconds(1)))
                ) { race.end(as: .late) }
                defer { timer.cancel() }
                if await race.outcome() == .late {
                    group.cancelAll()
                    throw error()
                }
            }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private enum Outcome {
        case done, late
    }

    /// Between the work and the timer: who ends it first decides.
    private final class Race: Sendable {
        private struct State {
            var outcome: Outcome?
            var waiter: CheckedContinuation<Outcome, Never>?
        }

        private let state = Mutex(State())

        var hasEnded: Bool { state.withLock { $0.outcome != nil } }

        func end(as outcome: Outcome) {
            let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
                guard state.outcome == nil else { return nil }
                state.outcome = outcome
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: outcome)
        }

        /// Returns when somebody has ended it: a cancelled work does, too.
        func outcome() async -> Outcome {
            await withCheckedContinuation { waiter in
                let known = state.withLock { state in
                    if state.outcome == nil { state.waiter = waiter }
                    return state.outcome
                }
                if let known { waiter.resume(returning: known) }
            }
        }
    }
}
