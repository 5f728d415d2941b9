public import Events
public import Foundation
import Storage

/// An event that one consumer could not handle, or that waits behind one.
public struct DeadLetter: Sendable {
    /// Its own id; an event may be dead at several consumers.
    public let id: DeadLetterID
    /// The consumer that could not handle it.
    public let consumer: String
    /// The event as it was published, or as an operator edited it.
    public let event: LoggedEvent
    /// `dead`; `retrying`: tried again by itself; `waiting`: behind an earlier one of its key.
    public let state: String
    /// Tries so far.
    public let attempts: Int
    /// When it was put aside.
    public let parkedAt: Date
    /// The last try; `nil` when there was none.
    public let attemptedAt: Date?
    /// The next try; `nil` when there will be none by itself.
    public let dueAt: Date?
    /// What the last failure said, at most 2 000 characters.
    public let error: String?
    /// The payload as it was published, when it was edited since.
    public let originalData: Data?
    /// Later events of its key that wait behind it, counted up to 1 000.
    public let waitingCount: Int

    static let columns: SQL = """
        log, position, letter_id, consumer, state, attempts, parked_at, attempted_at, due_at,
        error, original_data, \(Envelope.columns)
        """

    init(_ row: Row, waitingCount: Int) throws {
        id = try row.get("letter_id")
        consumer = try row.get("consumer")
        event = try LoggedEvent(row, log: try row.get("log"))
        state = try row.get("state")
        attempts = try row.get("attempts")
        parkedAt = try row.get("parked_at")
        attemptedAt = try row.get("attempted_at")
        dueAt = try row.get("due_at")
        error = try row.get("error")
        originalData = try row.get("original_data", as: JSON?.self)?.data
        self.waitingCount = waitingCount
    }
}
