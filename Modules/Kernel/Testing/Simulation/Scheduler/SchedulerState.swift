/// What the scheduler knows, and its decision what comes next.
struct SchedulerState {
    /// What the loop does next.
    enum Turn {
        case run(UnownedJob)
        case resume(Suspension, isCancelled: Bool)
        /// Cancel the root task, so that the tasks unwind.
        case cancel
        /// Nothing can happen unless another thread brings it: give that a moment.
        case listen
        case end(SchedulingFailure?)
    }

    /// A run that failed has this many jobs to unwind before it is abandoned.
    private static let unwindingStepCountMax = 10_000

    let seed: UInt64
    let timeMax: Duration
    var random: SeededRandom
    private(set) var now = Duration.zero
    private(set) var stepCount = 0
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var hasEnded = false
    var isRootEnded = false
    var isCancellationWanted = false
    /// The loop's thread, once it runs.
    var thread: ThreadIdentity?

    private var stepLimit: Int
    private var ready: [UnownedJob] = []
    private var resumable: [(suspension: Suspension, isCancelled: Bool)] = []
    private var sleepers = SleeperQueue()
    private var sleeperNumber = 0
    private var failure: SchedulingFailure?
    private var escapeCount = 0
    private var hasListened = false

    init(seed: UInt64, stepCountMax: Int, timeMax: Duration) {
        self.seed = seed
        self.timeMax = timeMax
        random = SeededRandom(seed: seed)
        stepLimit = stepCountMax
    }

    var hasReady: Bool { !ready.isEmpty }

    // MARK: - What tasks do

    mutating func enqueue(_ job: UnownedJob, from thread: ThreadIdentity) {
        // A task that was abandoned: running it now could only disturb other runs.
        guard !hasEnded else { return }
        noteUse(from: thread)
        ready.append(job)
    }

    /// Notices a thread that is not the loop's.
    mutating func noteUse(from thread: ThreadIdentity) {
        guard let own = self.thread, own != thread else { return }
        noteEscape()
    }

    mutating func noteEscape() {
        guard !hasEnded else { return }
        escapeCount += 1
        if failure == nil { fail(.escape(count: 1)) }
    }

    /// Keeps the suspension until the present job has returned; `false` when the run is over.
    mutating func pause(_ suspension: Suspension) -> Bool {
        guard !hasEnded else { return false }
        resumable.append((suspension, isCancelled: false))
        return true
    }

    mutating func sleeperKey(until deadline: Duration) -> SleeperQueue.Key {
        sleeperNumber += 1
        return SleeperQueue.Key(deadline: deadline, number: sleeperNumber)
    }

    /// Leaves the suspension with the queue; `false` when the run is over.
    mutating func sleep(_ suspension: Suspension, at key: SleeperQueue.Key) -> Bool {
        guard !hasEnded else { return false }
        sleepers.insert(suspension, at: key)
        return true
    }

    mutating func removeSleeper(_ key: SleeperQueue.Key) -> Suspension? { sleepers.remove(key) }

    // MARK: - What comes next

    mutating func nextTurn() -> Turn {
        if isCancellationWanted {
            isCancellationWanted = false
            return .cancel
        }
        if let next = resumable.popLast() {
            return .resume(next.suspension, isCancelled: next.isCancelled)
        }
        guard !ready.isEmpty else { return idleTurn() }
        guard stepCount < stepLimit else { return turn(failingFor: .livelock) }
        stepCount += 1
        hasListened = false
        let index = ready.count == 1 ? 0 : random.index(below: ready.count)
        mix(UInt64(truncatingIfNeeded: ready.count &<< 32 | index))
        // The last takes the chosen one's place: the order need not last, only be reproducible.
        ready.swapAt(index, ready.count - 1)
        return .run(ready.removeLast())
    }

    private mutating func idleTurn() -> Turn {
        if isRootEnded {
            guard sleepers.count > 0, failure == nil else { return end() }
            return turn(failingFor: .outlived(sleeperCount: sleepers.count))
        }
        if let earliest = sleepers.earliest {
            guard earliest <= timeMax else { return turn(failingFor: .overtime) }
            wakeSleepers(at: earliest)
            return nextTurn()
        }
        if !hasListened, failure == nil || escapeCount > 0 {
            hasListened = true
            return .listen
        }
        return turn(failingFor: .deadlock)
    }

    /// Wakes all sleepers of that instant: in which order they go on, the seed decides as they
    /// become ready together.
    private mutating func wakeSleepers(at instant: Duration) {
        now = instant
        mix(UInt64(truncatingIfNeeded: instant.components.seconds))
        mix(UInt64(truncatingIfNeeded: instant.components.attoseconds))
        while sleepers.earliest == instant, let suspension = sleepers.removeEarliest() {
            resumable.append((suspension, isCancelled: false))
        }
    }

    private mutating func mix(_ value: UInt64) {
        fingerprint = (fingerprint ^ value) &* 0x0000_0100_0000_01b3
        fingerprint ^= fingerprint >> 29
    }

    // MARK: - Failing

    private mutating func turn(failingFor reason: SchedulingFailure.Reason) -> Turn {
        guard failure == nil else { return end() }
        fail(reason)
        return nextTurn()
    }

    /// Begins to unwind: the first failure is the one that is told.
    private mutating func fail(_ reason: SchedulingFailure.Reason) {
        failure = SchedulingFailure(reason: reason, seed: seed, stepCount: stepCount, now: now)
        stepLimit = stepCount + Self.unwindingStepCountMax
        isCancellationWanted = true
        while let suspension = sleepers.removeEarliest() {
            resumable.append((suspension, isCancelled: true))
        }
    }

    /// Whatever is still ready is abandoned: its tasks never run again.
    private mutating func end() -> Turn {
        hasEnded = true
        ready = []
        if let failure, case .escape = failure.reason {
            return .end(
                SchedulingFailure(
                    reason: .escape(count: escapeCount), seed: seed,
                    stepCount: failure.stepCount, now: failure.now))
        }
        return .end(failure)
    }
}
