import FlotillaTesting
import Storage
import Testing

@Suite struct `Connecting to PostgreSQL` {
    /// A session can end between the connection and its first statement, as any other.
    @Test func `a session that can't be prepared is let go`() async throws {
        // More milliseconds than the server's 32 bits hold.
        var pool = PoolSettings()
        pool.statementTimeout = .seconds(3_000_000)
        let url = try #require(StorageURL(try PostgresServer.shared().makeDatabase()))
        for _ in 0..<10 {
            let database = try Database(module: "bench", at: url, pool: pool)
            await #expect(throws: StorageError.self) { try await database.write { _ in } }
            await database.close()
        }
    }
}
