package import Events
package import Foundation
import Storage

/// What lies behind a place.
extension OutboxLog {
    /// What lies behind a position, by type: exactly for the next 10 000 events, and how many
    /// positions there are beyond, so that the cost stays small however much it is.
    package func backlog(after position: Int64) async throws -> Backlog {
        try await database.read { transaction in
            try Backlog(of: "outbox_events WHERE", after: position, in: transaction)
        }
    }

    package struct Backlog: Sendable {
        package let types: [OfType]
        /// Positions after the events that were looked at.
        package let beyondCount: Int64

        private static let countMax = 10_000

        init(types: [OfType], beyondCount: Int64) {
            self.types = types
            self.beyondCount = beyondCount
        }

        /// - Parameter rows: a table and what of it counts: `t WHERE a = 1 AND`.
        fileprivate init(
            of rows: SQL, after position: Int64, in transaction: Transaction
        ) throws {
            let types = try transaction.rows(
                """
                SELECT type, COUNT(*) AS pending, MIN(time) AS oldest, MAX(position) AS last
                FROM (
                    SELECT type, time, position FROM \(rows) position > \(position)
                    ORDER BY position LIMIT \(Self.countMax)
                ) AS next GROUP BY type
                """
            ).map {
                (
                    type: OfType(
                        type: try $0.get("type"), count: try $0.get("pending"),
                        oldest: try $0.get("oldest")),
                    last: try $0.get("last", as: Int64.self)
                )
            }
            guard types.reduce(0, { $0 + $1.type.count }) == Self.countMax,
                let last = types.map(\.last).max(),
                let head = try transaction.first(
                    "SELECT MAX(position) AS head FROM \(rows) position > \(last)")?
                    .get("head", as: Int64?.self)
            else {
                self.init(types: types.map(\.type), beyondCount: 0)
                return
            }
            self.init(types: types.map(\.type), beyondCount: head - last)
        }
    }

    package struct OfType: Sendable {
        package let type: EventType
        package let count: Int
        package let oldest: Date
    }
}

extension Database {
    /// The same of a stream that the module's intake has received.
    func backlog(
        ofReceived stream: String, after position: Int64
    ) async throws -> OutboxLog.Backlog {
        try await read { transaction in
            try OutboxLog.Backlog(
                of: "inbox_events WHERE stream = \(stream) AND", after: position, in: transaction)
        }
    }
}
