import Dispatch
import Foundation
import GRDB
package import Instrumentation

/// A module's database as one SQLite file, on GRDB.
///
/// WAL with `synchronous=FULL`: an acknowledged write survives a power cut, readers run beside the
/// writer, and waiting writes share one commit (see ``WriteQueue``).
package final class SQLiteBackend: StorageBackend {
    private let pool: DatabasePool
    private let reads: ReadQueue
    private let writes: WriteQueue

    package var dialect: Dialect { .sqlite }

    /// Opens `directory/name.sqlite`, readable by its owner alone, and creates what is missing.
    ///
    /// - Throws: ``StorageError`` of kind `unavailable`.
    package init(directory: String, name: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let path = Self.path(of: name, in: directory)
            // SQLite gives its -wal and -shm files the mode of the database file. An existing file
            // stays as it is, also when another process makes it at this moment.
            let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Foundation.close(descriptor) }
            pool = try DatabasePool(path: path, configuration: Self.configuration(for: name))
            // After the pool is made, because GRDB sets NORMAL when it switches to WAL.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPageCount)")
            }
        } catch {
            throw StorageError(
                kind: .unavailable, code: "open",
                detail: "can't open \(directory)/\(name).sqlite: \(error)")
        }
        reads = ReadQueue(pool: pool, name: name)
        writes = WriteQueue(pool: pool)
    }

    static func path(of name: String, in directory: String) -> String {
        "\(directory)/\(name).sqlite"
    }

    /// A log of 16 MiB is written back at once, instead of SQLite's 4: pages that many transactions
    /// change are copied a quarter as often.
    private static let checkpointPageCount = 4_000

    /// One a millisecond.
    private static let busyLookCountMax = Int(Contention.patience / .milliseconds(1))

    private static func configuration(for name: String) -> Configuration {
        var configuration = Configuration()
        configuration.label = "flotilla/\(name)"
        // The command line, or another process, may work beside this one: wait for its short
        // transactions, and look every millisecond. SQLite's own wait looks every tenth of a
        // second in the end, and between two transactions of a busy process there is less.
        configuration.busyMode = .callback { lookCount in
            usleep(1_000)
            return lookCount < Self.busyLookCountMax
        }
        configuration.maximumReaderCount = ReadQueue.workerCountMax
        configuration.persistentReadOnlyConnections = true
        return configuration
    }

    package func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await answer(to: SQLiteJob(context: context, body: body), from: reads.submit)
    }

    package func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await answer(to: SQLiteJob(context: context, body: body), from: writes.submit)
    }

    private func answer<T: Sendable>(
        to job: SQLiteJob<T>, from submit: (any AnySQLiteJob) -> Void
    ) async throws -> T {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.start(continuation)
                submit(job)
            }
        } onCancel: {
            job.cancel()
        }
    }

    package func close() async {
        await reads.drained()
        await writes.drained()
        let pool = pool
        // Closing may block: on a thread of Dispatch, not of the caller.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                // So that a copy of the one file is a copy of the database.
                try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
                try? pool.close()
                continuation.resume()
            }
        }
    }
}
