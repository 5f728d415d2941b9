import Dispatch
import GRDB
import Synchronization

/// Runs waiting reads on a few threads, each of which takes one after the other for as long as
/// there are any.
///
/// Finding a reader and a thread for it costs more than a short read. Under load a thread that is
/// awake, with a connection in its hand, finds the next read waiting.
final class ReadQueue: Sendable {
    /// So that a few long reads do not keep short ones waiting.
    static let workerCountMax = 4
    /// More reads than this waiting means that they are not worth waiting for: as for writes.
    private static let waitingCountMax = 4_096

    private struct State {
        var waiting: [any AnySQLiteJob] = []
        /// The workers that have nothing to do.
        var resting = Array(0..<ReadQueue.workerCountMax)
        var idleWaiters: [CheckedContinuation<Void, Never>] = []

        var isIdle: Bool { resting.count == ReadQueue.workerCountMax }
    }

    private let pool: DatabasePool
    /// One for each worker: Dispatch always has a thread for a serial queue. Those for concurrent
    /// ones are few, and Swift's tasks run on them.
    private let threads: [DispatchQueue]
    private let state = Mutex(State())

    init(pool: DatabasePool, name: String) {
        self.pool = pool
        threads = (0..<Self.workerCountMax).map {
            DispatchQueue(label: "flotilla/\(name).reads.\($0)")
        }
    }

    func submit(_ job: any AnySQLiteJob) {
        enum Verdict {
            case queued, refused
            case taken(by: Int)
        }
        let verdict = state.withLock { state -> Verdict in
            guard state.waiting.count < Self.waitingCountMax else { return .refused }
            state.waiting.append(job)
            return state.resting.popLast().map { .taken(by: $0) } ?? .queued
        }
        switch verdict {
        case .queued: break
        case .taken(let worker): threads[worker].async { self.work(worker) }
        case .refused:
            job.fail(
                StorageError(
                    kind: .overloaded, code: "queue",
                    detail: "\(Self.waitingCountMax) reads wait already"))
        }
    }

    /// Returns when no read waits or runs.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.isIdle { state.idleWaiters.append(continuation) }
                return state.isIdle
            }
            if isIdle { continuation.resume() }
        }
    }

    private func work(_ worker: Int) {
        while let job = next(for: worker) {
            do {
                try pool.unsafeRead { db in
                    perform(job, on: db)
                    while let job = nextWaiting() { perform(job, on: db) }
                }
            } catch {
                job.fail(error)
            }
        }
    }

    /// In a transaction of its own, so that it sees one state, and the newest.
    private func perform(_ job: any AnySQLiteJob, on db: GRDB.Database) {
        let connection = SQLiteConnection(db)
        do {
            try connection.execute("BEGIN DEFERRED TRANSACTION", [])
        } catch {
            return job.fail(error)
        }
        // What a read throws is its caller's; nothing has to be undone.
        try? job.run(on: connection)
        do {
            try connection.execute("COMMIT", [])
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
        }
        job.settle()
    }

    private func nextWaiting() -> (any AnySQLiteJob)? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    /// The next read; none means that the worker rests.
    private func next(for worker: Int) -> (any AnySQLiteJob)? {
        if let job = nextWaiting() { return job }
        let idle = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
            guard state.waiting.isEmpty else { return nil }
            state.resting.append(worker)
            guard state.isIdle else { return [] }
            defer { state.idleWaiters = [] }
            return state.idleWaiters
        }
        // One that came in between.
        guard let idle else { return next(for: worker) }
        for waiter in idle { waiter.resume() }
        return nil
    }
}
