package import Foundation
import Storage

/// The log's partitions on PostgreSQL: ranges of positions, dropped whole, so that neither the
/// drop nor what remains costs more the more events there were.
extension OutboxLog {
    /// The size of the first partition, and of the smallest and the largest.
    private static let sizes: ClosedRange<Int64> = 50_000...10_000_000
    /// Positions that are to have a partition before they are given out.
    static let reserveMin: Int64 = 100_000

    /// Makes partitions for the positions to come, when few are left; tells up to where there are
    /// some. A partition is twice as large as the one before when that one was made a short while
    /// ago, and half as large after a long while: about a day's worth.
    ///
    /// - Throws: `StorageError`.
    @discardableResult
    package func ensurePartitions(at now: Date) async throws -> Int64 {
        guard database.dialect == .postgresql else { return .max }
        // What others have made is to be seen after waiting for them.
        return try await database.write(isolation: .readCommitted) { transaction in
            var last = try Self.newestPartition(in: transaction)
            guard try last.end - Self.lastPosition(in: transaction) < Self.reserve(last) else {
                return last.end
            }
            try transaction.execute("LOCK TABLE outbox_partitions IN EXCLUSIVE MODE")
            last = try Self.newestPartition(in: transaction)
            while try last.end - Self.lastPosition(in: transaction) < Self.reserve(last) {
                let next = Self.successor(of: last, at: now)
                try Self.make(next, in: transaction)
                last = next
            }
            return last.end
        }
    }

    private struct Partition {
        /// The first position in it.
        let start: Int64
        /// The first after it.
        let end: Int64
        let madeAt: Date
        var size: Int64 { end - start }
        var name: String { "outbox_events_\(start)" }
    }

    private static func reserve(_ partition: Partition) -> Int64 {
        max(reserveMin, partition.size / 2)
    }

    private static func successor(of last: Partition, at now: Date) -> Partition {
        let age = now.timeIntervalSince(last.madeAt)
        let wanted =
            switch age {
            case ..<21_600: last.size * 2
            case 172_800...: last.size / 2
            default: last.size
            }
        let size = min(max(wanted, sizes.lowerBound), sizes.upperBound)
        return Partition(start: last.end, end: last.end + size, madeAt: now)
    }

    private static func newestPartition(in transaction: Transaction) throws -> Partition {
        let row = try transaction.first(
            """
            SELECT start_position, end_position, made_at FROM outbox_partitions
            ORDER BY start_position DESC LIMIT 1
            """)
        guard let row else {
            return Partition(start: 1 - sizes.lowerBound, end: 1, madeAt: .distantPast)
        }
        return Partition(
            start: try row.get("start_position"), end: try row.get("end_position"),
            madeAt: try row.get("made_at"))
    }

    /// The last position that was given out, whether or not it was committed; 0 before the first.
    static func lastPosition(in transaction: Transaction) throws -> Int64 {
        let row = try transaction.first("SELECT last_value, is_called FROM outbox_positions")
        // Before its first use a sequence holds the value that it will give out.
        guard let row, try row.get("is_called", as: Bool.self) else { return 0 }
        return try row.get("last_value")
    }

    private static func make(_ partition: Partition, in transaction: Transaction) throws {
        // Made aside and attached, so that writers of the log are not held up.
        try transaction.run(
            script: """
                CREATE TABLE \(partition.name) (LIKE outbox_events INCLUDING DEFAULTS);
                ALTER TABLE outbox_events ATTACH PARTITION \(partition.name)
                    FOR VALUES FROM (\(partition.start)) TO (\(partition.end));
                """)
        try transaction.execute(
            """
            INSERT INTO outbox_partitions (start_position, end_position, made_at)
            VALUES (\(partition.start), \(partition.end), \(partition.madeAt))
            """)
    }

    /// Drops the oldest partition if all of it is taken and was published before a time; `false`
    /// when it is not. The one that is written to stays in any case.
    ///
    /// - Throws: `StorageError`, `busy` when others would not let go of the log for a moment.
    func dropPartition(takenBy readers: [String], before time: Date) async throws -> Bool {
        try await database.write { transaction in
            try transaction.execute("SET LOCAL lock_timeout TO '200ms'")
            let row = try transaction.first(
                """
                SELECT start_position, end_position, made_at FROM outbox_partitions
                ORDER BY start_position LIMIT 1 FOR UPDATE
                """)
            guard let row else { return false }
            let oldest = Partition(
                start: try row.get("start_position"), end: try row.get("end_position"),
                madeAt: try row.get("made_at"))
            guard try Self.lastPosition(in: transaction) >= oldest.end else { return false }
            for reader in readers {
                // Locked, so that none goes back while the events go.
                let place = try transaction.first(
                    "SELECT position FROM outbox_readers WHERE reader = \(reader) FOR UPDATE"
                )?.get("position", as: Int64.self)
                guard let place, place >= oldest.end - 1 else { return false }
            }
            let newest = try transaction.first(
                """
                SELECT MAX(time) AS time FROM outbox_events
                WHERE position >= \(oldest.start) AND position < \(oldest.end)
                """)?.get("time", as: Date?.self)
            if let newest, newest >= time { return false }
            try transaction.run(script: "DROP TABLE \(oldest.name)")
            try transaction.execute(
                "DELETE FROM outbox_partitions WHERE start_position = \(oldest.start)")
            try transaction.execute(
                """
                UPDATE outbox_retention SET dropped_to = \(oldest.end - 1)
                WHERE dropped_to < \(oldest.end - 1)
                """)
            return true
        }
    }
}
