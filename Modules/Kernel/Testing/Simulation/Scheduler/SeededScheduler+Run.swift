import Foundation

extension SeededScheduler {
    /// Runs `body` as root task on a thread of its own, and returns what it returns.
    ///
    /// The root task has the caller's task-local values, so that a test's expectations inside are
    /// the test's. Tasks that are stuck when a run fails are cancelled, and abandoned if that does
    /// not end them: they leak rather than run on.
    ///
    /// - Parameters:
    ///   - stepCountMax: how many jobs may run before the run is called a livelock.
    ///   - timeMax: how far virtual time may go.
    /// - Throws: what `body` throws; `SchedulingFailure` when the run itself went wrong.
    package static func run<T: Sendable>(
        seed: UInt64, stepCountMax: Int = 1_000_000, timeMax: Duration = .seconds(366 * 86_400),
        _ body: @escaping @Sendable (SeededScheduler) async throws -> T
    ) async throws -> T {
        let scheduler = SeededScheduler(seed: seed, stepCountMax: stepCountMax, timeMax: timeMax)
        // A priority of its own: actors order their jobs by it, and the caller's may vary.
        let root = Task(executorPreference: scheduler, priority: .medium) {
            defer { scheduler.endRoot() }
            return try await body(scheduler)
        }
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { ended in
                let thread = Thread {
                    let failure = EscapeWatch.watching(for: scheduler) {
                        scheduler.loop(cancelRoot: root.cancel)
                    }
                    ended.resume(returning: failure)
                }
                thread.name = "seed \(seed)"
                thread.start()
            }
        } onCancel: {
            // Not `root.cancel()`: its handlers would run on this thread.
            scheduler.requestCancellation()
        }
        if let failure { throw failure }
        return try await root.value
    }

    private func loop(cancelRoot: () -> Void) -> SchedulingFailure? {
        begin(on: .current)
        let executor = asUnownedTaskExecutor()
        while true {
            switch nextTurn() {
            case .run(let job): job.runSynchronously(on: executor)
            case .resume(let suspension, let isCancelled):
                suspension.resume(returning: isCancelled)
            case .cancel: cancelRoot()
            case .listen: listen()
            case .end(let failure): return failure
            }
        }
    }

    /// Tells an escape from a deadlock: waits a moment of real time for a job from elsewhere.
    private func listen() {
        for _ in 0..<50 where !hasReady { Thread.sleep(forTimeInterval: 0.001) }
    }
}
