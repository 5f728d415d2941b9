import GRDB
import Synchronization

/// Commits waiting writes together: one `BEGIN IMMEDIATE` and one fsync for a group, each write in
/// a savepoint of its own, so that a failing one is undone alone.
///
/// Durability costs one fsync; sharing it is what lets many small requests be durable at once.
final class WriteQueue: Sendable {
    /// More writes than this waiting means that the disk can't keep up: refuse rather than grow.
    /// At 10 KiB a closure's captures it bounds the queue to about 40 MiB.
    private static let waitingCountMax = 4_096
    /// A group is closed at this size, so that the first of it does not wait for the last of many.
    private static let groupCountMax = 128
    /// … or when it has run this long.
    private static let groupDurationMax = Duration.milliseconds(10)

    private struct State {
        var waiting: [any AnySQLiteJob] = []
        var isDraining = false
        var idleWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let pool: DatabasePool
    private let state = Mutex(State())

    init(pool: DatabasePool) { self.pool = pool }

    func submit(_ job: any AnySQLiteJob) {
        enum Verdict { case queued, first, refused }
        let verdict = state.withLock { state -> Verdict in
            guard state.waiting.count < Self.waitingCountMax else { return .refused }
            state.waiting.append(job)
            guard !state.isDraining else { return .queued }
            state.isDraining = true
            return .first
        }
        switch verdict {
        case .queued: break
        case .first: pool.asyncWriteWithoutTransaction { self.drain($0) }
        case .refused:
            job.fail(
                StorageError(
                    kind: .overloaded, code: "queue",
                    detail: "\(Self.waitingCountMax) writes wait already"))
        }
    }

    /// Returns when no write waits or runs.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.isDraining { state.idleWaiters.append(continuation) }
                return !state.isDraining
            }
            if isIdle { continuation.resume() }
        }
    }

    private func drain(_ db: GRDB.Database) {
        while true {
            let group = takeGroup()
            guard !group.isEmpty else { return }
            commit(group, on: db)
        }
    }

    /// The next jobs in order; none means that draining has ended.
    private func takeGroup() -> [any AnySQLiteJob] {
        let (group, idle) = state.withLock { state in
            let count = min(state.waiting.count, Self.groupCountMax)
            let group = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            guard group.isEmpty else { return (group, [CheckedContinuation<Void, Never>]()) }
            state.isDraining = false
            defer { state.idleWaiters = [] }
            return (group, state.idleWaiters)
        }
        for waiter in idle { waiter.resume() }
        return group
    }

    private func commit(_ group: [any AnySQLiteJob], on db: GRDB.Database) {
        var rest = group[...]
        while !rest.isEmpty {
            do {
                try db.beginTransaction(.immediate)
            } catch {
                // Another process holds the file: each of these would wait for it in its turn.
                for job in rest { job.fail(error) }
                return
            }
            do {
                rest = try commitPrefix(of: rest, on: db)
            } catch {
                // The group failed as a whole (the commit itself, or an error after which SQLite
                // rolls everything back). Alone, each job meets its own fate.
                if db.isInsideTransaction { try? db.rollback() }
                for job in rest { commitAlone(job, on: db) }
                return
            }
        }
    }

    /// In the transaction that was begun, runs jobs until the group has taken its time, commits
    /// them and answers them; returns the rest.
    private func commitPrefix(
        of jobs: ArraySlice<any AnySQLiteJob>, on db: GRDB.Database
    ) throws -> ArraySlice<any AnySQLiteJob> {
        let start = ContinuousClock.now
        let connection = SQLiteConnection(db)
        var settled = 0
        for job in jobs {
            try connection.execute("SAVEPOINT flotilla_job", [])
            do {
                try job.run(on: connection)
            } catch {
                guard db.isInsideTransaction else { throw error }
                try connection.execute("ROLLBACK TO flotilla_job", [])
            }
            try connection.execute("RELEASE flotilla_job", [])
            settled += 1
            if ContinuousClock.now - start > Self.groupDurationMax { break }
        }
        try db.commit()
        for job in jobs.prefix(settled) { job.settle() }
        return jobs.dropFirst(settled)
    }

    private func commitAlone(_ job: any AnySQLiteJob, on db: GRDB.Database) {
        do {
            try db.beginTransaction(.immediate)
            try job.run(on: SQLiteConnection(db))
            try db.commit()
            job.settle()
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            job.fail(error)
        }
    }
}
