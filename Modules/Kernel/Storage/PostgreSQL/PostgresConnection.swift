import CPostgres
import Foundation
import Instrumentation
import Logging
import Synchronization

/// One connection to a PostgreSQL server, used by one thread alone.
///
/// In libpq's pipeline mode (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html): a
/// statement whose outcome nobody looks at is only put into the send buffer, `BEGIN` and `COMMIT`
/// among them, so that a transaction costs one round trip for each answer that its closure needs
/// and one for the commit.
final class PostgresConnection: SQLConnection {
    /// Answers are collected after as many statements, so that neither side has to hold more.
    private static let pendingCountMax = 64

    /// One statement in the pipeline whose outcome is not known yet.
    private struct Pending {
        /// The statement that is being prepared; `nil` when one is run.
        var preparing: StatementKey?
        var text: String
    }

    struct StatementKey: Hashable {
        let text: String
        let types: [Oid]
    }

    struct Prepared {
        let name: String
        var usedAt: UInt64
    }

    struct Answer {
        var rows: [Row] = []
        var changedCount = 0
        var tag = ""
    }

    let canceller: PostgresCanceller
    let handle: OpaquePointer
    private let settings: PostgresSettings
    private let logger: Logger
    private var pending: [Pending] = []
    var prepared: [StatementKey: Prepared] = [:]
    private var statementCount: UInt64 = 0
    /// What went wrong first in the transaction in progress.
    var failure: StorageError?
    /// Whether the server said of a statement before the last that it failed: then the last was
    /// not run, also when the session ended over it.
    private(set) var isLastUnrun = false
    private let roundTrips: RoundTrips

    var dialect: Dialect { .postgresql }

    /// Connects and prepares the session; blocks.
    ///
    /// - Throws: ``StorageError`` of kind `unavailable`.
    init(
        to settings: PostgresSettings, logger: Logger, counting roundTrips: RoundTrips
    ) throws {
        self.settings = settings
        self.roundTrips = roundTrips
        self.logger = logger
        handle = try Self.connect(settings)
        canceller = PostgresCanceller(of: handle)
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        // When this fails, `deinit` closes the connection: every property has its value.
        try run(script: settings.sessionScript)
    }

    deinit {
        canceller.close()
        PQfinish(handle)
    }

    private static func connect(_ settings: PostgresSettings) throws -> OpaquePointer {
        let parameters = try settings.connectionParameters()
        var keywords = parameters.map { strdup($0.0) } + [nil]
        var values = parameters.map { strdup($0.1) } + [nil]
        defer { for pointer in keywords + values { free(pointer) } }
        let handle = keywords.withUnsafeMutableBufferPointer { keywords in
            values.withUnsafeMutableBufferPointer { values in
                keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
                    values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        PQconnectdbParams(keywords.baseAddress, values.baseAddress, 1)
                    }
                }
            }
        }
        guard let handle else {
            throw StorageError(kind: .unavailable, code: "memory", detail: "no memory to connect")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw StorageError(connecting: handle, to: settings.url)
        }
        return handle
    }

    /// Whether it is to be given up although it works: the server can't do what we need.
    var isToBeClosed: Bool { failure?.endsConnection ?? false }

    /// Whether the connection can be used; notices that the server closed it, without a round trip.
    var isAlive: Bool {
        var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        while PQstatus(handle) == CONNECTION_OK {
            socket.revents = 0
            guard poll(&socket, 1, 0) > 0 else { return true }
            guard PQconsumeInput(handle) == 1 else { return false }
        }
        return false
    }

    // MARK: Statements

    func execute(_ text: String, _ values: [SQLValue]) throws {
        try enqueue(text, values)
        if pending.count >= Self.pendingCountMax { try settle() }
    }

    func executeCounting(_ text: String, _ values: [SQLValue]) throws -> Int {
        try enqueue(text, values)
        return try collect(keepingRows: false).changedCount
    }

    func query(_ text: String, _ values: [SQLValue]) throws -> [Row] {
        try enqueue(text, values)
        return try collect(keepingRows: true).rows
    }

    func settle() throws {
        if !pending.isEmpty { _ = try collect(keepingRows: false) }
    }

    func run(script: String) throws {
        try settle()
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF { PQexitPipelineMode(handle) }
        roundTrips.add()
        let result = PQexec(handle, script)
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            throw noting(StorageError(result, connection: handle))
        }
    }

    /// Puts a statement into the pipeline, prepared before if this connection has not seen it.
    func enqueue(_ text: String, _ values: [SQLValue]) throws {
        if PQpipelineStatus(handle) == PQ_PIPELINE_OFF { PQenterPipelineMode(handle) }
        let parameters = values.map { PostgresParameter($0) }
        for parameter in parameters where parameter.isText && parameter.bytes?.contains(0) == true {
            throw StorageError.nulInText
        }
        let name = try prepare(StatementKey(text: text, types: parameters.map(\.type)))
        try send(name, parameters)
        pending.append(Pending(text: text))
    }

    private func prepare(_ key: StatementKey) throws -> String {
        statementCount += 1
        if let name = prepared[key]?.name {
            prepared[key]?.usedAt = statementCount
            return name
        }
        let name = "s\(statementCount)"
        guard PQsendPrepare(handle, name, key.text, Int32(key.types.count), key.types) == 1 else {
            throw noting(StorageError(lost: handle))
        }
        pending.append(Pending(preparing: key, text: key.text))
        prepared[key] = Prepared(name: name, usedAt: statementCount)
        return name
    }

    private func send(_ name: String, _ parameters: [PostgresParameter]) throws {
        // One buffer for all values, each followed by the NUL that text values end with.
        var buffer: [UInt8] = []
        var offsets: [Int?] = []
        for parameter in parameters {
            offsets.append(parameter.bytes == nil ? nil : buffer.count)
            buffer += parameter.bytes ?? []
            buffer.append(0)
        }
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = parameters.map { Int32($0.isText ? 0 : 1) }
        let isSent = buffer.withUnsafeBytes { bytes in
            let pointers = offsets.map { offset in
                offset.flatMap { bytes.baseAddress?.advanced(by: $0) }?
                    .assumingMemoryBound(to: CChar.self)
            }
            return PQsendQueryPrepared(
                handle, name, Int32(parameters.count), pointers, lengths, formats, 1)
        }
        guard isSent == 1 else { throw noting(StorageError(lost: handle)) }
    }

    /// Sends what is in the pipeline and waits for all answers; returns that of the last statement.
    ///
    /// - Throws: what the first failing statement met; the later ones were not run.
    func collect(keepingRows: Bool) throws -> Answer {
        roundTrips.add()
        isLastUnrun = false
        let sent = pending
        pending = []
        let start = ContinuousClock.now
        guard PQpipelineSync(handle) == 1 else { throw noting(StorageError(lost: handle)) }
        var answer = Answer()
        var failure: StorageError?
        for (index, statement) in sent.enumerated() {
            let isLast = index == sent.count - 1
            while let result = PQgetResult(handle) {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                    guard isLast, statement.preparing == nil else { continue }
                    answer.tag = String(cString: PQcmdStatus(result))
                    answer.changedCount = Int(String(cString: PQcmdTuples(result))) ?? 0
                    if keepingRows, failure == nil {
                        do {
                            answer.rows = try Self.rows(of: result)
                        } catch let error as StorageError { failure = error }
                    }
                case PGRES_PIPELINE_ABORTED:
                    forget(statement)
                default:
                    forget(statement)
                    let error = StorageError(result, connection: handle)
                    if error.isStalePlan { prepared = [:] }
                    if failure == nil {
                        failure = error
                        isLastUnrun = !isLast && error.code != StorageError.lostCode
                    }
                }
            }
            guard PQstatus(handle) == CONNECTION_OK else { break }
        }
        // The answer to the synchronization itself.
        if PQstatus(handle) == CONNECTION_OK { PQclear(PQgetResult(handle)) }
        if PQstatus(handle) != CONNECTION_OK { failure = failure ?? StorageError(lost: handle) }
        logIfSlow(sent, since: start)
        if let failure { throw noting(failure) }
        return answer
    }

    private func forget(_ statement: Pending) {
        if let key = statement.preparing { prepared[key] = nil }
    }

    private func noting(_ error: StorageError) -> StorageError {
        failure = failure ?? error
        return error
    }

    private static func rows(of result: OpaquePointer) throws -> [Row] {
        let (rowCount, columnCount) = (PQntuples(result), PQnfields(result))
        let columns = (0..<columnCount).map { String(cString: PQfname(result, $0)) }
        let types = (0..<columnCount).map { PQftype(result, $0) }
        return try (0..<rowCount).map { row in
            let values = try (0..<columnCount).map { column -> SQLValue in
                guard PQgetisnull(result, row, column) == 0 else { return .null }
                let bytes = UnsafeRawBufferPointer(
                    start: PQgetvalue(result, row, column),
                    count: Int(PQgetlength(result, row, column)))
                let type = types[Int(column)]
                guard let value = PostgresDecoder.value(bytes, of: type) else {
                    throw StorageError(
                        kind: .mismatch, code: "type",
                        detail: "column \(columns[Int(column)]) has a type (\(type)) or a value"
                            + " that can't be read")
                }
                return value
            }
            return Row(columns: columns, values: values)
        }
    }

    private func logIfSlow(_ statements: [Pending], since start: ContinuousClock.Instant) {
        let duration = ContinuousClock.now - start
        guard duration >= settings.slowStatement, let last = statements.last else { return }
        // The text holds placeholders; the values are left out.
        logger.warning(
            "slow statement",
            metadata: [
                "db.query.text": "\(last.text)", "db.namespace": "\(settings.module)",
                "db.statement_count": "\(statements.filter { $0.preparing == nil }.count)",
                "duration_ms": "\(Int(duration / .milliseconds(1)))",
            ])
    }
}
