import NIOCore
import NIOPosix
import Synchronization

/// Lets work take until a time and no longer.
enum TimeLimit {
    /// What the work returns, or the error when the time is over first; the work is cancelled then.
    ///
    /// The work begins on the thread of its caller. What is ready before it has to wait for
    /// anything needs neither a second thread nor a timer, which cost more than a short request.
    static func until<Value: Sendable>(
        _ deadline: ContinuousClock.Instant,
        orThrow error: @autoclosure @escaping @Sendable () -> any Error,
        name: String,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            let progress = Progress()
            let noted: @Sendable () async throws -> Value = {
                defer { progress.isOver.store(true, ordering: .releasing) }
                return try await work()
            }
            if #available(macOS 26, *) {
                group.addImmediateTask(name: name, operation: noted)
            } else {
                group.addTask(name: name, operation: noted)
            }
            if !progress.isOver.load(ordering: .acquiring) {
                group.addTask(name: "deadline") {
                    try await pause(until: deadline)
                    throw error()
                }
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    /// Sleeps by a timer of the connection's event loop: `Task.sleep` would have Dispatch wake a
    /// thread of its own to set one, and another time to take it back.
    private static func pause(until deadline: ContinuousClock.Instant) async throws {
        let rest = max(.zero, deadline - .now)
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(
            in: .nanoseconds(Int64(rest / .nanoseconds(1)))
        ) {}
        do {
            try await withTaskCancellationHandler {
                try await timer.futureResult.get()
            } onCancel: {
                timer.cancel()
            }
        } catch is EventLoopError {
            throw CancellationError()
        }
    }

    private final class Progress: Sendable {
        let isOver = Atomic(false)
    }
}
