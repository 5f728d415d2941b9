import CPostgres
import Instrumentation

/// Transactions on a connection.
extension PostgresConnection {
    /// Statements that the server keeps prepared for a connection.
    private static let preparedCountMax = 256

    /// What a transaction gave, and what is to be done now that it is durable.
    struct Committed<T> {
        let value: T
        let actions: [@Sendable () -> Void]
    }

    /// Runs `body` in a transaction and commits it; blocks.
    ///
    /// - Throws: what `body` throws, after a rollback; ``StorageError``. An error whose
    ///   `isOutcomeUnknown` is set came while the commit was on its way.
    func transact<T>(
        _ isolation: Isolation, in context: InstrumentationContext,
        _ body: (Transaction) throws -> T
    ) throws -> Committed<T> {
        try begin("BEGIN ISOLATION LEVEL \(isolation.name)")
        let transaction = Transaction(on: self, context: context)
        do {
            let value = try body(transaction)
            try commit()
            return Committed(value: value, actions: transaction.actionsAfterCommit)
        } catch {
            rollBack()
            throw error
        }
    }

    /// Runs `body` on one snapshot, and answers before the server has heard of the end.
    func look<T>(
        in context: InstrumentationContext, _ body: (Transaction) throws -> T,
        answer: (Result<T, any Error>) -> Void
    ) throws {
        try begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        do {
            let value = try body(Transaction(on: self, context: context))
            try settle()
            answer(.success(value))
        } catch {
            rollBack()
            throw error
        }
        rollBack()
    }

    private func begin(_ text: String) throws {
        failure = nil
        try evict()
        try execute(text, [])
    }

    private func commit() throws {
        // Not by `execute`, which may collect answers: this one's decides.
        try enqueue("COMMIT", [])
        let answer: Answer
        do {
            answer = try collect(keepingRows: false)
        } catch let error as StorageError
            where PQstatus(handle) != CONNECTION_OK && !isLastUnrun
        {
            throw StorageError(
                kind: .unavailable, code: "08007",
                detail: "the connection was lost during the commit: \(error.detail)")
        }
        // The server answers a commit of a failed transaction with a rollback and no error.
        guard answer.tag == "COMMIT" else {
            throw failure
                ?? StorageError(kind: .statement, code: "25P02", detail: "the transaction failed")
        }
    }

    private func rollBack() {
        guard PQstatus(handle) == CONNECTION_OK else { return }
        // Pending statements may fail, and would take the rollback with them.
        try? settle()
        guard PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        try? execute("ROLLBACK", [])
        try? settle()
    }

    /// Keeps the number of prepared statements bounded; between transactions, because a failed one
    /// takes no statement but its end.
    private func evict() throws {
        guard prepared.count > Self.preparedCountMax else { return }
        let oldest = prepared.sorted { $0.value.usedAt < $1.value.usedAt }
            .prefix(Self.preparedCountMax / 4)
        for (key, statement) in oldest {
            prepared[key] = nil
            try run(script: "DEALLOCATE \(statement.name)")
        }
    }
}

extension Isolation {
    /// In PostgreSQL's words.
    fileprivate var name: String {
        switch self {
        case .snapshot: "REPEATABLE READ"
        case .readCommitted: "READ COMMITTED"
        case .serializable: "SERIALIZABLE"
        }
    }
}
