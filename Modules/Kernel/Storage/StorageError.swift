/// What went wrong in the storage engine. Never carries parameter values.
public struct StorageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds that callers tell apart.
    public enum Kind: String, Sendable {
        /// A unique key exists already.
        case uniqueViolation
        /// Another constraint or a trigger refused the statement.
        case constraintViolation
        /// Another writer holds the database; a later try may succeed.
        case busy
        /// Transactions that ran side by side came into each other's way, each time it was tried.
        case conflict
        /// A statement took longer than it may, or waited too long for others.
        case timeout
        /// No space left on the device, or an I/O error.
        case full
        /// The engine can't be reached or opened.
        case unavailable
        /// Too many transactions wait already; refused before anything was done.
        case overloaded
        /// A row did not have the expected shape.
        case mismatch
        /// A migration that does not fit what is in the database.
        case migration
        /// A wrong statement: a bug of ours.
        case statement
    }

    /// What a caller may act on.
    public let kind: Kind
    /// The engine's own code: SQLSTATE, or SQLite's result code.
    public let code: String
    /// For the log.
    public let detail: String

    package init(kind: Kind, code: String, detail: String) {
        self.kind = kind
        self.code = code
        self.detail = detail
    }

    /// PostgreSQL's text can't hold it, and what one engine refuses the other refuses, too.
    static let nulInText = StorageError(
        kind: .constraintViolation, code: "22021", detail: "text can't hold the NUL byte")

    /// Whether the same transaction may succeed later without any change.
    public var isTransient: Bool {
        switch kind {
        case .busy, .conflict, .timeout, .full, .unavailable, .overloaded: true
        case .uniqueViolation, .constraintViolation, .mismatch, .migration, .statement: false
        }
    }

    /// Whether the engine can be reached but takes no writes: a standby, or one that was told so.
    public var isReadOnly: Bool { kind == .unavailable && code == "25006" }

    /// Kind, code and detail on one line, for the log.
    public var description: String { "storage \(kind.rawValue) (\(code)): \(detail)" }
}
