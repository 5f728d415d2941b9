public import Events
public import Foundation
public import Instrumentation

/// A transaction in progress: the only way to rows, and it exists only inside `read` and `write`.
///
/// It is not `Sendable` and its closures are synchronous, so it can't be kept, shared between
/// threads, or held open across an `await`.
public final class Transaction {
    private let connection: any SQLConnection
    /// Correlation, causation and trace of the code that opened the transaction, or of the event
    /// being handled in it.
    public package(set) var context: InstrumentationContext
    /// Names this transaction in what it publishes.
    public private(set) lazy var id = TransactionID()
    /// Whether the work in it took longer than it may; asked before each statement.
    package var isOverdue: (@Sendable () -> Bool)?
    /// Whether what is published in it is left out, because it was said before.
    package var isMuted = false
    private(set) var actionsAfterCommit: [@Sendable () -> Void] = []
    private var partDepth = 0

    package init(on connection: any SQLConnection, context: InstrumentationContext) {
        self.connection = connection
        self.context = context
    }

    /// The engine, for the few statements that differ.
    public var dialect: Dialect { connection.dialect }

    /// Runs a statement whose outcome is not looked at; an engine may send several at once.
    ///
    /// - Throws: ``StorageError``, at the latest when the transaction commits.
    public func execute(_ sql: SQL) throws {
        let (text, values) = try rendered(sql)
        try connection.execute(text, values)
    }

    /// Runs an `INSERT`, `UPDATE` or `DELETE` and tells how many rows it touched.
    ///
    /// - Throws: ``StorageError``.
    public func rowsChanged(by sql: SQL) throws -> Int {
        let (text, values) = try rendered(sql)
        return try connection.executeCounting(text, values)
    }

    /// All rows of an answer. Callers bound it with `LIMIT`.
    ///
    /// - Throws: ``StorageError``.
    public func rows(_ sql: SQL) throws -> [Row] {
        let (text, values) = try rendered(sql)
        return try connection.query(text, values)
    }

    /// The first row of an answer, if there is one.
    ///
    /// - Throws: ``StorageError``.
    public func first(_ sql: SQL) throws -> Row? { try rows(sql).first }

    private func rendered(_ sql: SQL) throws -> (text: String, values: [SQLValue]) {
        if let isOverdue, isOverdue() { throw TransactionOverdue() }
        return sql.rendered(for: dialect)
    }

    /// Runs several statements of a trusted script, as migrations are.
    ///
    /// - Throws: ``StorageError``.
    package func run(script: String) throws { try connection.run(script: script) }

    /// Runs part of a transaction so that its failure undoes that part alone.
    ///
    /// - Throws: what `body` throws, after its writes were rolled back; ``StorageError``.
    public func savepoint<T>(_ body: () throws -> T) throws -> T {
        let actionCount = actionsAfterCommit.count
        // Each depth has a name of its own: one that was never set must not be taken for the one
        // around it.
        partDepth += 1
        defer { partDepth -= 1 }
        let name = "flotilla_part_\(partDepth)"
        try connection.execute("SAVEPOINT \(name)", [])
        do {
            let result = try body()
            try connection.execute("RELEASE \(name)", [])
            // A statement that was sent without a look at its outcome fails in its own part.
            try connection.settle()
            return result
        } catch {
            actionsAfterCommit.removeSubrange(actionCount...)
            // When the engine rolled the whole transaction back itself, there is no savepoint to
            // return to; the first error is the one that tells why.
            try? connection.settle()
            try? connection.execute("ROLLBACK TO \(name)", [])
            try? connection.execute("RELEASE \(name)", [])
            throw error
        }
    }

    /// Waits until the engine has done all that was asked of it so far.
    ///
    /// - Throws: ``StorageError`` of a statement whose outcome was not looked at.
    package func settle() throws { try connection.settle() }

    /// The time by the database server's clock, which all who use it share; SQLite has no server.
    ///
    /// - Throws: ``StorageError``.
    public func serverTime() throws -> Date {
        guard dialect == .postgresql,
            let row = try first("SELECT clock_timestamp() AS now")
        else { return Date() }
        return try row.get("now")
    }

    /// Calls `action` once the transaction is durable; never when it rolls back.
    ///
    /// It runs on the connection's thread and must return at once.
    public func afterCommit(_ action: @escaping @Sendable () -> Void) {
        actionsAfterCommit.append(action)
    }
}

/// The work in a transaction took longer than it may.
package struct TransactionOverdue: Error {}

/// What an engine gives to ``Transaction``: statements on one connection, one after the other.
package protocol SQLConnection: AnyObject {
    var dialect: Dialect { get }
    func execute(_ text: String, _ values: [SQLValue]) throws
    func executeCounting(_ text: String, _ values: [SQLValue]) throws -> Int
    func query(_ text: String, _ values: [SQLValue]) throws -> [Row]
    func run(script: String) throws
    /// Waits until every statement was answered that was sent without a look at its outcome.
    func settle() throws
}
