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

    /// Not in a writer's transaction, whose commit would wait for all others that notify.
    package func announce(_ news: DatabaseNews) async throws {
        let channel = pool.settings.channel(of: news)
        _ = try await write(.readCommitted, in: .current ?? .topLevel) {
            try $0.execute("SELECT pg_notify(\(channel), '')")
        }
    }

    package func listen(_ heed: @escaping @Sendable (DatabaseNews) -> Void) async {
        let listener = PostgresListener(pool.settings, logger: pool.logger, heed)
        await withTaskCancellationHandler {
            await listener.run()
        } onCancel: {
            listener.stop()
        }
    }

    /// Round trips to the server so far.
    package var roundTripCount: Int { pool.roundTrips.count }

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
