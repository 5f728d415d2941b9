import Events
import Foundation
import Storage

/// What one consumer remembers of one source, inside a transaction of the consumer's database.
///
/// The marks by key make effects exactly-once; the parked events keep a key's order through
/// failure; the cursor says where to read on. All three move in the transaction of the effect.
struct Inbox {
    let consumer: String
    let source: String
    let transaction: Transaction

    /// The place to read on from; `nil` before the consumer's first start.
    func cursor() throws -> Int64? {
        try transaction.first(
            """
            SELECT position FROM inbox_cursors
            WHERE consumer = \(consumer) AND source = \(source)
            """)?.get("position")
    }

    func moveCursor(to position: Int64, at now: Date) throws {
        try transaction.execute(
            """
            INSERT INTO inbox_cursors (consumer, source, position, moved_at)
            VALUES (\(consumer), \(source), \(position), \(now))
            ON CONFLICT (consumer, source)
            DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at
            """)
    }

    /// Whether an event was handled or parked before: its position is not above its key's mark.
    func hasSeen(_ event: LoggedEvent) throws -> Bool {
        let mark = try transaction.first(
            """
            SELECT position FROM inbox_marks
            WHERE consumer = \(consumer) AND source = \(source) AND key = \(event.envelope.key)
            """)
        return try mark.map { try $0.get("position", as: Int64.self) >= event.position } ?? false
    }

    /// Whether an event is still to be handled: new, or parked and not yet taken out again.
    func isOpen(_ event: LoggedEvent, wasParked: Bool) throws -> Bool {
        try wasParked ? isParked(event) : !hasSeen(event)
    }

    /// Remembers that an event was handled. One that was parked is taken out, and the next of its
    /// key that waits is due at once.
    func finish(
        _ event: LoggedEvent, wasParked: Bool, attempts: Int, at now: Date,
        took duration: Duration
    ) throws {
        if wasParked { try unpark(event, at: now) }
        try mark(event)
        try transaction.execute(
            """
            INSERT INTO inbox_handled
                (consumer, source, position, attempts, handled_at, duration_us)
            VALUES (\(consumer), \(source), \(event.position), \(attempts), \(now),
                    \(Int64(duration / .microseconds(1))))
            ON CONFLICT (consumer, source, position) DO UPDATE
            SET attempts = excluded.attempts, handled_at = excluded.handled_at,
                duration_us = excluded.duration_us
            """)
    }

    /// Remembers that an event was taken, handled or not. Never goes back: when a parked event is
    /// handled at last, later ones of its key have been taken already.
    private func mark(_ event: LoggedEvent) throws {
        try transaction.execute(
            """
            INSERT INTO inbox_marks (consumer, source, key, position)
            VALUES (\(consumer), \(source), \(event.envelope.key), \(event.position))
            ON CONFLICT (consumer, source, key) DO UPDATE SET position = excluded.position
            WHERE excluded.position > inbox_marks.position
            """)
    }
}

// MARK: - Parked events

extension Inbox {
    /// Whether events of this key wait already, so that a later one must wait behind them.
    func isParked(key: String) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM inbox_parked
            WHERE consumer = \(consumer) AND source = \(source) AND key = \(key) LIMIT 1
            """) != nil
    }

    private func isParked(_ event: LoggedEvent) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM inbox_parked WHERE consumer = \(consumer)
                AND source = \(source) AND position = \(event.position)
            """) != nil
    }

    /// Puts an event aside after its first failure, or behind an earlier event of its key.
    func park(_ event: LoggedEvent, as parking: Parking, at now: Date) throws {
        try mark(event)
        let envelope = event.envelope
        try transaction.execute(
            """
            INSERT INTO inbox_parked
                (consumer, source, position, state, attempts, parked_at, attempted_at, due_at,
                 error, \(Envelope.columns))
            VALUES (\(consumer), \(source), \(event.position), \(parking.state),
                    \(parking.attempts), \(now), \(parking.attemptedAt), \(parking.dueAt),
                    \(parking.error), \(envelope.columnValues))
            """)
    }

    /// Counts an attempt before it is made, so that one that kills the process counts too; `nil`
    /// when the event waits no longer.
    func countAttempt(of position: Int64, at now: Date) throws -> Int? {
        try transaction.execute(
            """
            UPDATE inbox_parked SET attempts = attempts + 1, attempted_at = \(now)
            WHERE consumer = \(consumer) AND source = \(source) AND position = \(position)
            """)
        return try transaction.first(
            """
            SELECT attempts FROM inbox_parked
            WHERE consumer = \(consumer) AND source = \(source) AND position = \(position)
            """)?.get("attempts")
    }

    /// Takes a counted attempt back that was cut short by no fault of the event.
    func giveAttemptBack(of position: Int64) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked SET attempts = attempts - 1
            WHERE consumer = \(consumer) AND source = \(source) AND position = \(position)
            """)
    }

    /// Writes down how a retry failed.
    func recordFailure(of position: Int64, as parking: Parking) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(parking.state), due_at = \(parking.dueAt),
                error = \(parking.error)
            WHERE consumer = \(consumer) AND source = \(source) AND position = \(position)
            """)
    }

    private func unpark(_ event: LoggedEvent, at now: Date) throws {
        try transaction.execute(
            """
            DELETE FROM inbox_parked
            WHERE consumer = \(consumer) AND source = \(source) AND position = \(event.position)
            """)
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(ParkedState.retrying), due_at = \(now)
            WHERE consumer = \(consumer) AND source = \(source) AND position = (
                SELECT MIN(position) FROM inbox_parked
                WHERE consumer = \(consumer) AND source = \(source)
                    AND key = \(event.envelope.key))
            """)
    }
}

/// Where a parked event stands.
package enum ParkedState: String, SQLConvertible, Sendable {
    /// An earlier event of its key comes first.
    case waiting
    /// It is tried again when it is due.
    case retrying
    /// It was tried as often as the policy allows, or can never succeed: a dead letter.
    case dead
}

/// Why and until when an event is put aside.
struct Parking {
    let state: ParkedState
    var attempts = 0
    var attemptedAt: Date?
    var dueAt: Date?
    var error: String?

    static let behind = Parking(state: .waiting)

    /// The state after a failed attempt.
    init(
        failure: any Error, attempts: Int, policy: RetryPolicy, chance: Double, now: Date
    ) {
        let isDead = failure is any PermanentFailure || attempts >= policy.attemptCountMax
        state = isDead ? .dead : .retrying
        self.attempts = attempts
        attemptedAt = now
        dueAt = isDead ? nil : now + policy.delay(after: attempts, chance: chance).seconds
        error = String("\(failure)".prefix(2_000))
    }

    private init(state: ParkedState) { self.state = state }
}
