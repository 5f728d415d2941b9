import Synchronization

/// Runs ordinary `async` code reproducibly: one thread, one job at a time, the next one chosen by
/// a seed, in virtual time.
///
/// In the manner of FoundationDB's simulation (Zhou et al., "FoundationDB: A Distributed
/// Unbundled Transactional Key Value Store", SIGMOD 2021). Task groups, `async let`,
/// continuations, cancellation handlers, `Task.yield()` and default actors stay on it by
/// themselves. What leaves it: real clocks and `Task.sleep` without a clock (use ``clock``),
/// `Task {}`, `Task.immediate` and `Task.detached` without `executorPreference: scheduler`, the
/// main actor, actors with executors of their own, and whatever resumes a continuation on a thread
/// of its own. Such work fails the run when it leaves for Swift's pool and when it comes back.
///
/// Nothing may block the thread: one task can't wait for another with a semaphore.
package final class SeededScheduler: TaskExecutor {
    // A `Mutex`, although one thread does all the work, because what escaped comes from others.
    private let state: Mutex<SchedulerState>

    init(seed: UInt64, stepCountMax: Int, timeMax: Duration) {
        state = Mutex(SchedulerState(seed: seed, stepCountMax: stepCountMax, timeMax: timeMax))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let thread = ThreadIdentity.current
        state.withLock { $0.enqueue(job, from: thread) }
    }

    /// What this run was started with.
    package var seed: UInt64 { state.withLock { $0.seed } }

    /// How much virtual time has passed since the start.
    package var now: Duration { state.withLock { $0.now } }

    /// How many jobs ran so far.
    package var stepCount: Int { state.withLock { $0.stepCount } }

    /// A digest of all choices and times so far: two runs that went differently differ here.
    package var fingerprint: UInt64 { state.withLock { $0.fingerprint } }

    /// The clock of this run.
    package var clock: VirtualClock { VirtualClock(scheduler: self) }

    /// Draws from the stream that the scheduler itself draws from.
    ///
    /// `draw` must not call the scheduler, which is locked meanwhile.
    package func random<T: Sendable>(_ draw: (inout SeededRandom) throws -> T) rethrows -> T {
        let thread = ThreadIdentity.current
        return try state.withLock { state in
            state.noteUse(from: thread)
            return try draw(&state.random)
        }
    }

    /// A scheduling point: the caller goes back among the ready, and any of them may come first.
    nonisolated(nonsending) package func pause() async {
        let thread = ThreadIdentity.current
        // The loop resumes the caller after the present job has returned. Resumed in here, it
        // would go on without ever having been suspended.
        _ = await withUnsafeContinuation { suspension in
            let isKept = state.withLock { state in
                state.noteUse(from: thread)
                return state.pause(suspension)
            }
            if !isKept { suspension.resume(returning: true) }
        }
    }

    /// Suspends until `deadline`, in virtual time.
    nonisolated(nonsending) func sleep(until deadline: Duration) async throws {
        try Task.checkCancellation()
        guard deadline > now else {
            await pause()
            return try Task.checkCancellation()
        }
        let thread = ThreadIdentity.current
        let key = state.withLock { state in
            state.noteUse(from: thread)
            return state.sleeperKey(until: deadline)
        }
        let wasCancelled = await withTaskCancellationHandler {
            await withUnsafeContinuation { suspension in
                guard state.withLock({ $0.sleep(suspension, at: key) }) else {
                    return suspension.resume(returning: true)
                }
                // A cancellation from another thread may have come before the sleeper was there
                // to be found.
                if Task.isCancelled { wake(key) }
            }
        } onCancel: {
            wake(key)
        }
        if wasCancelled { throw CancellationError() }
    }

    private func wake(_ key: SleeperQueue.Key) {
        let suspension = state.withLock { $0.removeSleeper(key) }
        suspension?.resume(returning: true)
    }

    // MARK: - What the run needs

    func nextTurn() -> SchedulerState.Turn { state.withLock { $0.nextTurn() } }

    var hasReady: Bool { state.withLock { $0.hasReady } }

    func begin(on thread: ThreadIdentity) { state.withLock { $0.thread = thread } }

    func noteEscape() { state.withLock { $0.noteEscape() } }

    func endRoot() { state.withLock { $0.isRootEnded = true } }

    func requestCancellation() { state.withLock { $0.isCancellationWanted = true } }
}
