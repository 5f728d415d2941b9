import Events
import Foundation
import Storage

/// What one consumer remembers, inside a transaction of the consumer's database.
///
/// The marks by key make effects exactly-once; the parked events keep a key's order through
/// failure; the cursors say where to read on. All three move in the transaction of the effect.
struct Inbox {
    let consumer: String
    let transaction: Transaction

    /// Why an event needs no handling any more.
    enum Outcome: String, SQLConvertible {
        case handled
        /// An operator discarded it.
        case discarded
        /// It was replayed to a consumer that was not to have its effect again.
        case silent
    }

    /// Whether an event was taken before: its position is not above its key's mark, or, in a
    /// replay that lowered the mark, it has waited all the time.
    func isTaken(_ event: LoggedEvent) throws -> Bool {
        try hasSeen(event) || isParked(event) || isDiscarded(event)
    }

    /// Whether an operator took an event out for ever.
    func isDiscarded(_ event: LoggedEvent) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM inbox_handled WHERE consumer = \(consumer)
                AND log = \(event.log) AND position = \(event.position)
                AND outcome = \(Outcome.discarded)
            """) != nil
    }

    private func hasSeen(_ event: LoggedEvent) throws -> Bool {
        let mark = try transaction.first(
            """
            SELECT position FROM inbox_marks WHERE consumer = \(consumer)
                AND log = \(event.log) AND key = \(event.envelope.key)
            """)
        return try mark.map { try $0.get("position", as: Int64.self) >= event.position } ?? false
    }

    /// Whether an event is still to be handled: new, or parked and not yet taken out again.
    func isOpen(_ event: LoggedEvent, wasParked: Bool) throws -> Bool {
        try wasParked ? isParked(event) : !isTaken(event)
    }

    /// Remembers that an event is done. One that was parked is taken out, and the next of its
    /// key that waits is due at once.
    func finish(
        _ event: LoggedEvent, as outcome: Outcome = .handled, wasParked: Bool, attempts: Int,
        at now: Date, took duration: Duration = .zero
    ) throws {
        if wasParked { try unpark(event, at: now) }
        // One that is discarded was marked when it was parked. A replay may have lowered the mark
        // since, and is not to pass over what it comes to before this one.
        if outcome != .discarded { try mark(event) }
        try transaction.execute(
            """
            INSERT INTO inbox_handled
                (consumer, log, position, attempts, handled_at, duration_us, outcome)
            VALUES (\(consumer), \(event.log), \(event.position), \(attempts), \(now),
                    \(Int64(duration / .microseconds(1))), \(outcome))
            ON CONFLICT (consumer, log, position) DO UPDATE
            SET attempts = excluded.attempts, handled_at = excluded.handled_at,
                duration_us = excluded.duration_us, outcome = excluded.outcome
            """)
    }

    /// Remembers that an event was taken, handled or not. Never goes back: when a parked event is
    /// handled at last, later ones of its key have been taken already.
    func mark(_ event: LoggedEvent) throws {
        try transaction.execute(
            """
            INSERT INTO inbox_marks (consumer, log, key, position)
            VALUES (\(consumer), \(event.log), \(event.envelope.key), \(event.position))
            ON CONFLICT (consumer, log, key) DO UPDATE SET position = excluded.position
            WHERE excluded.position > inbox_marks.position
            """)
    }
}

// MARK: - Cursors

extension Inbox {
    /// The place to read a stream on from; `nil` before the consumer's first start.
    func cursor(of stream: String) throws -> Int64? {
        try transaction.first(
            """
            SELECT position FROM inbox_cursors
            WHERE consumer = \(consumer) AND stream = \(stream)
            """)?.get("position")
    }

    func moveCursor(of stream: String, to offset: Int64, at now: Date) throws {
        try transaction.execute(
            """
            INSERT INTO inbox_cursors (consumer, stream, position, moved_at)
            VALUES (\(consumer), \(stream), \(offset), \(now))
            ON CONFLICT (consumer, stream)
            DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at
            """)
    }
}
