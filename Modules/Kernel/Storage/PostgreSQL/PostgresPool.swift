import Dispatch
import Foundation
import Logging
import Synchronization

/// Hands transactions to threads, each of which owns one connection.
///
/// First come, first served. A thread is started when a transaction would have to wait and there
/// are fewer than may be, and ends when it had nothing to do for a minute.
final class PostgresPool: Sendable {
    /// More transactions than this waiting means that the server can't keep up: refuse rather than
    /// grow.
    private static let waitingCountMax = 4_096
    private static let restDuration = DispatchTimeInterval.seconds(60)

    private struct Waiting {
        let job: any AnyPostgresJob
        let since: ContinuousClock.Instant
    }

    private struct State {
        var waiting: [Waiting] = []
        /// The one that rested last is the first to work, so that those not needed can end.
        var resting: [PostgresWorker] = []
        var workerCount = 0
        /// Workers that have a connection.
        var connectedCount = 0
        /// Whether there has ever been a connection.
        var hasConnected = false
        var isClosed = false
        /// What the last try to connect met, and until when nobody need try again.
        var refusal: (error: StorageError, until: ContinuousClock.Instant, count: Int)?
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    let settings: PostgresSettings
    let logger: Logger
    private let state = Mutex(State())
    private let gauges: PoolGauges
    let roundTrips = RoundTrips()

    init(_ settings: PostgresSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        gauges = PoolGauges(pool: settings.module)
        gauges.record(max: settings.pool.connectionCountMax)
    }

    func submit(_ job: any AnyPostgresJob) {
        enum Verdict {
            case given(PostgresWorker)
            case started, waits
            case refused(StorageError)
        }
        let verdict = state.withLock { state -> Verdict in
            guard !state.isClosed else {
                return .refused(
                    StorageError(kind: .unavailable, code: "closed", detail: "shutting down"))
            }
            if let worker = state.resting.popLast() { return .given(worker) }
            if state.workerCount < settings.pool.connectionCountMax {
                state.workerCount += 1
                return .started
            }
            guard state.waiting.count < Self.waitingCountMax else {
                return .refused(
                    StorageError(
                        kind: .overloaded, code: "queue",
                        detail: "\(Self.waitingCountMax) transactions wait already"))
            }
            state.waiting.append(Waiting(job: job, since: .now))
            return .waits
        }
        switch verdict {
        case .given(let worker):
            gauges.record(wait: .zero)
            worker.give(job)
        case .started:
            gauges.record(wait: .zero)
            PostgresWorker(in: self).start(with: job)
        case .waits: expire(job)
        case .refused(let error): job.fail(error)
        }
        recordCounts()
    }

    /// The next job for a worker that has nothing to do; blocks. `nil`: the worker is to end.
    func next(for worker: PostgresWorker) -> (any AnyPostgresJob)? {
        while true {
            let waiting = state.withLock { state -> Waiting? in
                while !state.waiting.isEmpty {
                    let first = state.waiting.removeFirst()
                    if !first.job.isAnswered { return first }
                }
                if !state.isClosed { state.resting.append(worker) }
                return nil
            }
            recordCounts()
            if let waiting {
                gauges.record(wait: .now - waiting.since)
                return waiting.job
            }
            if state.withLock({ $0.isClosed }) { return nil }
            if let job = worker.rest(for: Self.restDuration) { return job }
            // It may have been chosen at this very moment: then a job is on its way.
            let isUnneeded = state.withLock { state in
                guard let index = state.resting.firstIndex(where: { $0 === worker }) else {
                    return state.isClosed
                }
                state.resting.remove(at: index)
                return true
            }
            if isUnneeded { return worker.takeGiven() }
            if let job = worker.rest(for: .never) { return job }
        }
    }

    /// A worker has ended and closed its connection.
    func ended() {
        let closing = state.withLock { state in
            state.workerCount -= 1
            guard state.workerCount == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closing = [] }
            return state.closing
        }
        recordCounts()
        for continuation in closing { continuation.resume() }
    }

    /// Ends the workers when what is in hand is done; what still waits is refused.
    func close() async {
        shutDown()
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.workerCount > 0 { state.closing.append(continuation) }
                return state.workerCount == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    /// The same without waiting for the end.
    func shutDown() {
        let (waiting, resting) = state.withLock { state in
            defer {
                state.waiting = []
                state.resting = []
            }
            state.isClosed = true
            return (state.waiting, state.resting)
        }
        for waiting in waiting {
            waiting.job.fail(
                StorageError(kind: .unavailable, code: "closed", detail: "shutting down"))
        }
        for worker in resting { worker.wake() }
    }

    // MARK: Connecting

    /// Whether a worker may wait for a server that has no connection left: at the start, when
    /// others start as well; later on whoever waits is better told.
    var isStarting: Bool { state.withLock { !$0.hasConnected && !$0.isClosed } }

    /// What a try to connect would meet now, as far as is known.
    func refusal() -> StorageError? {
        state.withLock { state in
            guard let refusal = state.refusal, refusal.until > .now else { return nil }
            return refusal.error
        }
    }

    func connected() {
        let wasRefused = state.withLock { state in
            state.connectedCount += 1
            state.hasConnected = true
            defer { state.refusal = nil }
            return state.refusal != nil
        }
        if wasRefused {
            logger.notice(
                "database can be reached again",
                metadata: ["db.namespace": "\(settings.module)"])
        }
    }

    func disconnected() { state.withLock { $0.connectedCount -= 1 } }

    /// Nobody tries again for a moment, longer from time to time: a server that comes back is not
    /// to be met by all at once.
    func refused(_ error: StorageError) {
        let isFirst = state.withLock { state in
            let count = (state.refusal?.count ?? 0) + 1
            let pause = min(Duration.milliseconds(50) * (1 << min(count, 5)), .seconds(1))
            state.refusal = (error, .now + pause, count)
            return count == 1
        }
        if isFirst {
            logger.error(
                "database can't be reached",
                metadata: ["db.namespace": "\(settings.module)", "error.message": "\(error)"])
        }
    }

    /// Leaves a job that could not get a connection of its own to those who have one; `false` when
    /// nobody has.
    func giveBack(_ job: any AnyPostgresJob) -> Bool {
        enum Verdict {
            case given(PostgresWorker)
            case queued, refused
        }
        let verdict = state.withLock { state -> Verdict in
            guard state.connectedCount > 0 else { return .refused }
            if let index = state.resting.lastIndex(where: \.isConnected) {
                return .given(state.resting.remove(at: index))
            }
            state.waiting.insert(Waiting(job: job, since: .now), at: 0)
            return .queued
        }
        switch verdict {
        case .given(let worker): worker.give(job)
        case .queued: expire(job)
        case .refused: return false
        }
        return true
    }

    /// Refuses the job if it still waits when its time is over.
    private func expire(_ job: any AnyPostgresJob) {
        let limit = settings.pool.acquireTimeout
        DispatchQueue.global().asyncAfter(deadline: .now() + (limit / .seconds(1))) {
            [weak self, weak job] in
            guard let self, let job else { return }
            let isWaiting = self.state.withLock { state in
                guard let index = state.waiting.firstIndex(where: { $0.job === job }) else {
                    return false
                }
                state.waiting.remove(at: index)
                return true
            }
            guard isWaiting, !job.isAnswered else { return }
            self.gauges.countTimeout()
            self.recordCounts()
            job.fail(
                StorageError(
                    kind: .overloaded, code: "timeout",
                    detail: "no connection was free within \(limit)"))
        }
    }

    private func recordCounts() {
        let (count, resting, waiting) = state.withLock {
            ($0.workerCount, $0.resting.count, $0.waiting.count)
        }
        gauges.record(used: count - resting, idle: resting, pending: waiting)
    }
}

/// Counts the round trips of a pool's connections.
final class RoundTrips: Sendable {
    private let number = Atomic(0)
    var count: Int { number.load(ordering: .relaxed) }
    func add() { number.add(1, ordering: .relaxed) }
}
