import Synchronization

/// A call in a task of its own, whose caller can stop waiting for it.
///
/// A task group could not: it ends no sooner than its children, and a handler that does not heed
/// cancellation is just what the deadline is for.
final class Call<T: Sendable>: Sendable {
    private final class Answer: Sendable {
        let result = Mutex<Result<T, any Error>?>(nil)
        let given = Signal()
    }

    /// Its caller awaits it by ``result(within:clock:)``, or hands the call to ``Strays``.
    private let task: Task<Void, Never>
    private let answer: Answer

    init(
        _ body: @escaping @Sendable () async throws -> T, executor: (any TaskExecutor)?
    ) {
        let answer = Answer()
        self.answer = answer
        task = Task(executorPreference: executor) {
            let result: Result<T, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            answer.result.withLock { $0 = result }
            answer.given.raise()
        }
    }

    var hasEnded: Bool { answer.result.withLock { $0 != nil } }

    func cancel() { task.cancel() }

    /// What came of it; `nil` when it takes longer, or when the caller is cancelled first.
    func result(
        within duration: Duration, clock: any Clock<Duration>
    ) async -> Result<T, any Error>? {
        if !hasEnded { await answer.given.wait(upTo: duration, clock: clock) }
        return answer.result.withLock { $0 }
    }
}

/// What can be waited for without knowing what it brings.
protocol Stray: Sendable {
    var hasEnded: Bool { get }
    func end(within duration: Duration, clock: any Clock<Duration>) async
}

extension Call: Stray {
    func end(within duration: Duration, clock: any Clock<Duration>) async {
        _ = await result(within: duration, clock: clock)
    }
}

/// Calls that did not end when they were told to. They are waited for at the end, though not long.
final class Strays: Sendable {
    private static let patience = Duration.milliseconds(500)
    private let calls = Mutex<[(call: any Stray, inHand: ConsumerState.InHand)]>([])

    func take(_ call: any Stray, of inHand: ConsumerState.InHand) {
        calls.withLock { calls in
            calls.removeAll { $0.call.hasEnded }
            calls.append((call, inHand))
        }
    }

    /// What they were called for, as far as they still have not ended.
    var inHand: [ConsumerState.InHand] {
        calls.withLock { $0.filter { !$0.call.hasEnded }.map(\.inHand) }
    }

    /// How many still have not ended.
    var count: Int { calls.withLock { $0.count { !$0.call.hasEnded } } }

    func leave(clock: any Clock<Duration>) async {
        await withTaskGroup(of: Void.self) { group in
            for (call, _) in calls.withLock({ $0 }) where !call.hasEnded {
                group.addTask(name: "stray") {
                    await call.end(within: Self.patience, clock: clock)
                }
            }
        }
    }
}
