import Dispatch
import Foundation
import Synchronization

/// A thread with a connection of its own.
final class PostgresWorker: Sendable {
    private let pool: PostgresPool
    private let bell = DispatchSemaphore(value: 0)
    private let given = Mutex<(any AnyPostgresJob)?>(nil)
    private let hasConnection = Atomic(false)

    var isConnected: Bool { hasConnection.load(ordering: .relaxed) }

    init(in pool: PostgresPool) { self.pool = pool }

    /// Starts the thread with its first job.
    func start(with job: any AnyPostgresJob) {
        given.withLock { $0 = job }
        let thread = Thread { self.run() }
        thread.name = "pg-\(pool.settings.module)"
        thread.start()
    }

    /// Gives a job to a worker that rests.
    func give(_ job: any AnyPostgresJob) {
        given.withLock { $0 = job }
        bell.signal()
    }

    /// Has a worker that rests look whether it is still wanted.
    func wake() { bell.signal() }

    /// Waits for a job; blocks.
    func rest(for duration: DispatchTimeInterval) -> (any AnyPostgresJob)? {
        _ = bell.wait(timeout: .now() + duration)
        return takeGiven()
    }

    func takeGiven() -> (any AnyPostgresJob)? {
        given.withLock { given in
            defer { given = nil }
            return given
        }
    }

    private func run() {
        var connection: PostgresConnection?
        while step(&connection) {}
        letGo(&connection)
        pool.ended()
    }

    /// Does one job, which is let go before the worker rests: it holds what its closure holds.
    private func step(_ connection: inout PostgresConnection?) -> Bool {
        guard let job = takeGiven() ?? pool.next(for: self) else { return false }
        return job.isAnswered || work(on: job, with: &connection)
    }

    /// Runs one job, on a new connection when the one at hand is gone; `false` when this worker has
    /// none and others are enough.
    private func work(
        on job: any AnyPostgresJob, with connection: inout PostgresConnection?
    ) -> Bool {
        var lost: StorageError?
        for _ in 0..<2 {
            if let known = connection, !known.isAlive || known.isToBeClosed { letGo(&connection) }
            if connection == nil {
                switch connect(for: job) {
                case .connected(let new): connection = new
                case .leftToOthers: return false
                case .refused(let error):
                    job.fail(error)
                    return true
                }
            }
            guard let connection else { return true }
            switch job.run(on: connection) {
            case .answered: return true
            case .mayRunAgain(let error): lost = error
            }
        }
        if let lost { job.fail(lost) }
        return true
    }

    private func letGo(_ connection: inout PostgresConnection?) {
        guard connection != nil else { return }
        connection = nil
        hasConnection.store(false, ordering: .relaxed)
        pool.disconnected()
    }

    private enum Connecting {
        case connected(PostgresConnection)
        case leftToOthers
        case refused(StorageError)
    }

    /// Connects; where the server has no connection left, leaves the job to workers that have one,
    /// or at the start waits for one to become free.
    private func connect(for job: any AnyPostgresJob) -> Connecting {
        let start = ContinuousClock.now
        while true {
            do {
                let connection = try connect()
                hasConnection.store(true, ordering: .relaxed)
                return .connected(connection)
            } catch {
                guard error.code == "53300" else { return .refused(error) }
                if pool.giveBack(job) { return .leftToOthers }
                let isOver = ContinuousClock.now - start >= pool.settings.pool.acquireTimeout
                if isOver || job.isAnswered || !pool.isStarting { return .refused(error) }
                Thread.sleep(forTimeInterval: Double.random(in: 0.02...0.1))
            }
        }
    }

    private func connect() throws(StorageError) -> PostgresConnection {
        if let refusal = pool.refusal() { throw refusal }
        do {
            let connection = try PostgresConnection(
                to: pool.settings, logger: pool.logger, counting: pool.roundTrips)
            pool.connected()
            return connection
        } catch {
            let error =
                error as? StorageError
                ?? StorageError(kind: .unavailable, code: "connect", detail: "\(error)")
            if error.code != "53300" { pool.refused(error) }
            throw error
        }
    }
}
