import Storage
import Synchronization

/// Up to where a log is complete, on PostgreSQL: positions are taken from a sequence before the
/// commit, so that a later one can be seen before an earlier one.
///
/// Whoever inserts into the log holds the table's ROW EXCLUSIVE lock from before it takes a
/// position until after its rows can be seen. So once all who held that lock at a look have ended,
/// every position given out before the look is either to be seen or lost to a rollback. The
/// sequence is read first, the holders after it; the rows are read in a later snapshot.
extension OutboxLog {
    /// What one look found.
    struct Look: Sendable {
        /// The last position that was given out.
        let position: Int64
        /// Transactions that may have taken one and not ended.
        let writers: Set<String>
    }

    /// Waits for those who are writing.
    func settledHead() async throws -> Int64 {
        let first = try await look()
        let watermark = Watermark()
        var extent = watermark.see(first)
        while extent.position < first.position {
            try await Task.sleep(for: .milliseconds(2))
            extent = watermark.see(try await look())
        }
        return extent.position
    }

    func look() async throws -> Look {
        try await database.read { transaction in
            let position = try Self.lastPosition(in: transaction)
            // Two statements: within one, the order of the two reads would be the planner's.
            let holders = try transaction.rows(
                """
                SELECT virtualtransaction FROM pg_locks
                WHERE locktype = 'relation' AND relation = 'outbox_events'::regclass
                    AND database = (
                        SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode = 'RowExclusiveLock' AND granted
                """)
            return Look(
                position: position,
                writers: Set(try holders.map { try $0.get("virtualtransaction") }))
        }
    }
}

/// Follows the end of a log: a position becomes safe when all who wrote at its look have ended.
final class Watermark: Sendable {
    private struct State {
        var safe: Int64 = 0
        var candidate: OutboxLog.Look?
    }

    private let state = Mutex(State())

    /// How far the log is complete, and whether that is its end.
    struct Extent: Sendable {
        let position: Int64
        let isSettled: Bool
    }

    /// Forgets what was seen.
    func reset() { state.withLock { $0 = State() } }

    /// Up to where the log was known to be complete.
    var safe: Int64 { state.withLock { $0.safe } }

    /// Takes in a further look.
    func see(_ look: OutboxLog.Look) -> Extent {
        state.withLock { state in
            if let candidate = state.candidate {
                // A prepared transaction that outlives a restart goes on as `-1/…`: any that is
                // there may be one of those that were waited for.
                let prepared = look.writers.filter { $0.hasPrefix("-1/") }
                let open = candidate.writers.intersection(look.writers).union(prepared)
                if open.isEmpty {
                    state.safe = max(state.safe, candidate.position)
                    state.candidate = nil
                } else {
                    state.candidate = OutboxLog.Look(
                        position: candidate.position, writers: open)
                }
            }
            if look.writers.isEmpty {
                state.safe = max(state.safe, look.position)
                state.candidate = nil
            } else if state.candidate == nil, look.position > state.safe {
                state.candidate = look
            }
            return Extent(
                position: state.safe,
                isSettled: state.candidate == nil && look.position <= state.safe)
        }
    }
}
