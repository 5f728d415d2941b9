import Dispatch
import Foundation
import Synchronization

/// A thread with a connection of its own.
final class PostgresWorker: Sendable {
    private let pool: PostgresPool
    private let bell = DispatchSemaphore(value: 0)
    private let given = Mutex<(any AnyPostgresJob)?>(nil)

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
        connection = nil
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
            if let known = connection, !known.isAlive || known.isToBeClosed {
                connection = nil
            }
            if connection == nil {
                do {
                    connection = try connect()
                } catch {
                    let isShared = pool.giveBack(job, isSharing: error.code == "53300")
                    if !isShared { job.fail(error) }
                    return !isShared
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
