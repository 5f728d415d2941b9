import GRDB
package import Instrumentation

/// A SQLite database in memory whose transactions run on the calling thread, for simulations.
package final class InMemoryDatabase: Sendable {
    private let queue: DatabaseQueue

    /// Makes an empty database, or a copy of another.
    ///
    /// - Throws: ``StorageError``.
    package init(copying other: InMemoryDatabase? = nil) throws {
        do {
            queue = try DatabaseQueue()
            try other?.queue.backup(to: queue)
        } catch let error as DatabaseError {
            throw StorageError(error)
        }
    }

    /// Runs `body` in a transaction and keeps what it wrote, if it is to.
    ///
    /// - Parameter isKept: asked after `body` and before the commit; throws to prevent it.
    /// - Returns: the result, and what is to be done after the commit.
    /// - Throws: what `body` and `isKept` throw; ``StorageError``.
    package func transact<T: Sendable>(
        in context: InstrumentationContext, _ body: (Transaction) throws -> T,
        isKept: () throws -> Bool
    ) throws -> (T, actions: [@Sendable () -> Void]) {
        do {
            return try queue.inDatabase { db in
                try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
                do {
                    let transaction = Transaction(on: SQLiteConnection(db), context: context)
                    let result = try body(transaction)
                    let isKept = try isKept()
                    try db.cachedStatement(sql: isKept ? "COMMIT" : "ROLLBACK").execute()
                    return (result, isKept ? transaction.actionsAfterCommit : [])
                } catch {
                    if db.isInsideTransaction { try db.execute(sql: "ROLLBACK") }
                    throw error
                }
            }
        } catch let error as DatabaseError {
            throw StorageError(error)
        }
    }
}
