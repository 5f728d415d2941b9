import Events
import Foundation
import Storage

/// One consumer's parked events inside a transaction, as an operator changes them.
struct LetterBox {
    let transaction: Transaction
    let consumer: String

    /// The first parked event of a letter's key.
    func first(ofKeyOf letter: DeadLetter) throws -> DeadLetter? {
        try transaction.first(
            """
            SELECT \(DeadLetter.columns) FROM inbox_parked WHERE consumer = \(consumer)
                AND log = \(letter.event.log) AND key = \(letter.event.envelope.key)
            ORDER BY position LIMIT 1
            """
        ).map { try DeadLetter($0, waitingBehindIn: transaction) }
    }

    /// Lets an event be tried at once and as often as a new one; earlier tries stay counted.
    func makeDue(_ letter: DeadLetter, at now: Date) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked SET state = \(ParkedState.retrying), due_at = \(now),
                attempts_forgiven = attempts
            WHERE consumer = \(consumer) AND log = \(letter.event.log)
                AND position = \(letter.event.position)
            """)
    }

    /// Puts another payload in the place of a letter's, and keeps the first.
    func edit(_ letter: DeadLetter, to payload: Data) throws {
        try transaction.execute(
            """
            UPDATE inbox_parked
            SET original_data = COALESCE(original_data, data), data = \(JSON(payload))
            WHERE consumer = \(consumer) AND log = \(letter.event.log)
                AND position = \(letter.event.position)
            """)
    }
}

extension DeadLetter {
    /// Reads a letter and counts what waits behind it.
    init(_ row: Row, waitingBehindIn transaction: Transaction) throws {
        let (consumer, log) = (
            try row.get("consumer", as: String.self), try row.get("log", as: String.self)
        )
        let (key, position) = (
            try row.get("key", as: String.self), try row.get("position", as: Int64.self)
        )
        let behind = try transaction.first(
            """
            SELECT COUNT(*) AS n FROM (
                SELECT 1 FROM inbox_parked WHERE consumer = \(consumer)
                    AND log = \(log) AND key = \(key) AND position > \(position) LIMIT 1000
            ) AS behind
            """)
        try self.init(row, waitingCount: try behind?.get("n") ?? 0)
    }
}
