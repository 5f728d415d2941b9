import Dispatch
package import Instrumentation
import Logging

/// A module's schema on a PostgreSQL server, over libpq.
///
/// A bounded pool of connections, each with a thread; see ``PostgresPool`` for who gets one and
/// ``PostgresConnection`` for what a transaction costs.
package final class PostgresBackend: StorageBackend {
    private let pool: PostgresPool

    package var dialect: Dialect { .postgresql }

    /// Nothing is connected before the first transaction.
    package init(url: PostgresURL, module: String, pool: PoolSettings = PoolSettings()) {
        self.pool = PostgresPool(
            PostgresSettings(module: module, url: url, pool: pool),
            logger: Logger(label: "flotilla.storage"))
    }

    package func read<T: Sendable>(
        in context: InstrumentationContext, _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await run(PostgresJob(.read, in: context, body))
    }

    package func write<T: Sendable>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await run(PostgresJob(.write(isolation), in: context, body))
    }

    package func close() async { await pool.close() }

    deinit { pool.shutDown() }

    private func run<T: Sendable>(_ job: PostgresJob<T>) async throws -> T {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.start(continuation)
                pool.submit(job)
            }
        } onCancel: {
            job.cancel()
        }
    }
}
