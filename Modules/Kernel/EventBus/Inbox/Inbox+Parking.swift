import Events
import Foundation
import Storage

/// Events that wait: the first of a key failed, the others are behind it in order.
extension Inbox {
    func parkedCount() throws -> Int {
        try transaction.first(
            "SELECT COUNT(*) AS n FROM inbox_parked WHERE consumer = \(consumer)")?
            .get("n") ?? 0
    }

    /// Whether earlier events of this key wait already, so that this one must wait behind them.
    func isBlocked(_ event: LoggedEvent) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM inbox_parked WHERE consumer = \(consumer)
                AND log = \(event.log) AND key = \(event.envelope.key)
                AND position < \(event.position) LIMIT 1
            """) != nil
    }

    func isParked(_ event: LoggedEvent) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM inbox_parked WHERE consumer = \(consumer)
                AND log = \(event.log) AND position = \(event.position)
            """) != nil
    }

    /// Puts an event aside after its first failure, or behind an earlier event of its key.
    ///
    /// - Parameter replay: the one in which it was heard again.
    func park(
        _ event: LoggedEvent, as parking: Parking, in replay: Replay?, at now: Date
    ) throws {
        try mark(event)
        try touch(event)
        let envelope = event.envelope
        var parking = parking
        if parking.state == .waiting, try !isBlocked(event) {
            // What it was to wait for has just been dealt with.
            parking = .suspected(at: now)
        }
        try transaction.execute(
            """
            INSERT INTO inbox_parked
                (consumer, log, position, state, attempts, parked_at, attempted_at, due_at,
                 error, letter_id, replay, \(Envelope.columns))
            VALUES (\(consumer), \(event.log), \(event.position), \(parking.state),
                    \(parking.attempts), \(now), \(parking.attemptedAt), \(parking.dueAt),
                    \(parking.error), \(DeadLetterID()), \(replay?.number),
                    \(envelope.columnValues))
            """)
        // In a replay an event may come before one of its key that has waited all the time.
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(ParkedState.waiting), due_at = NULL
            WHERE consumer = \(consumer) AND log = \(event.log) AND key = \(envelope.key)
                AND position > \(event.position) AND state = \(ParkedState.retrying)
            """)
    }

    /// Counts an attempt before it is made, so that one that kills the process counts too; `nil`
    /// when the event waits no longer.
    func countAttempt(of event: LoggedEvent, at now: Date) throws -> AttemptCount? {
        try transaction.execute(
            """
            UPDATE inbox_parked SET attempts = attempts + 1, attempted_at = \(now)
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """)
        return try transaction.first(
            """
            SELECT attempts, attempts_forgiven, replay, data FROM inbox_parked
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """
        ).map { row in
            AttemptCount(
                total: try row.get("attempts"), forgiven: try row.get("attempts_forgiven"),
                replay: try row.get("replay", as: Int64?.self).flatMap {
                    try replay($0, of: event.log)
                },
                data: try row.get("data", as: JSON.self).data)
        }
    }

    /// Takes a counted attempt back that was cut short by no fault of the event.
    func giveAttemptBack(of event: LoggedEvent) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked SET attempts = attempts - 1
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """)
    }

    /// Writes down how a retry failed, unless an operator wanted another one meanwhile.
    func recordFailure(
        of event: LoggedEvent, as parking: Parking, since count: AttemptCount
    ) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(parking.state), due_at = \(parking.dueAt),
                error = \(parking.error)
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
                AND attempts_forgiven = \(count.forgiven)
            """)
    }

    /// Makes this transaction and any other that parks or takes out events of the same key conflict
    /// on PostgreSQL, where each would miss what the other does: an event could wait for one that
    /// is gone. The key's mark is there, since what is parked is marked.
    private func touch(_ event: LoggedEvent) throws {
        guard transaction.dialect == .postgresql else { return }
        try transaction.execute(
            """
            UPDATE inbox_marks SET position = position
            WHERE consumer = \(consumer) AND log = \(event.log) AND key = \(event.envelope.key)
            """)
    }

    /// Takes an event out; the next of its key, if one waits, is due at once.
    func unpark(_ event: LoggedEvent, at now: Date) throws {
        try touch(event)
        try transaction.execute(
            """
            DELETE FROM inbox_parked
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """)
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(ParkedState.retrying), due_at = \(now)
            WHERE consumer = \(consumer) AND log = \(event.log)
                AND state = \(ParkedState.waiting) AND position = (
                    SELECT MIN(position) FROM inbox_parked
                    WHERE consumer = \(consumer) AND log = \(event.log)
                        AND key = \(event.envelope.key))
            """)
    }
}

/// How often a parked event was tried.
struct AttemptCount: Sendable {
    /// Tries in all.
    let total: Int
    /// Those of them that an operator forgave by retrying it.
    var forgiven = 0
    /// The replay in which it was put aside, if it was in one.
    var replay: Replay?
    /// Its payload at the moment.
    var data: Data?
    /// Those that count against the policy.
    var counting: Int { total - forgiven }
}

/// Where a parked event stands.
package enum ParkedState: String, SQLConvertible, Sendable, CaseIterable {
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

    /// To be tried at once, each attempt counted before it is made: it may have been in the hands
    /// of a process that died.
    static func suspected(at now: Date) -> Parking {
        var parking = Parking(state: .retrying)
        parking.dueAt = now
        return parking
    }

    /// The state after a failed attempt.
    init(
        failure: any Error, attempts: AttemptCount, policy: RetryPolicy, chance: Double, now: Date
    ) {
        let isDead =
            failure is any PermanentFailure || attempts.counting >= policy.attemptCountMax
        state = isDead ? .dead : .retrying
        self.attempts = attempts.total
        attemptedAt = now
        if !isDead {
            let wanted = (failure as? any DelayedFailure)?.retryAfter ?? .zero
            let delay = max(policy.delay(after: attempts.counting, chance: chance), wanted)
            dueAt = now + delay.seconds
        }
        error = String("\(failure)".prefix(2_000))
    }

    private init(state: ParkedState) { self.state = state }
}
