import Foundation
import Storage

/// Counts of what is throttled, as rows: shared by all processes, and there after a crash.
struct ThrottleStore: Sendable {
    func state(_ key: ThrottleKey, in transaction: Transaction) throws -> Throttle.State? {
        try transaction.first(
            """
            SELECT count, blocked_until, forgotten_at FROM throttles
            WHERE key = \(key.text) \(only: .postgresql, "FOR UPDATE")
            """
        ).map { row in
            Throttle.State(
                count: try row.get("count"), blockedUntil: try row.get("blocked_until"),
                forgottenAt: try row.get("forgotten_at"))
        }
    }

    /// How long to wait, as a reader sees it.
    func wait(
        _ key: ThrottleKey, at now: Date, in transaction: Transaction
    ) throws -> Duration? {
        try transaction.first("SELECT blocked_until FROM throttles WHERE key = \(key.text)")
            .flatMap { try $0.get("blocked_until", as: Date?.self) }
            .flatMap { $0 > now ? .seconds($0.timeIntervalSince(now)) : nil }
    }

    /// Counts one, unless a wait is on.
    ///
    /// - Returns: how long to wait; `nil` when it was counted.
    @discardableResult
    func count(_ key: ThrottleKey, at now: Date, in transaction: Transaction) throws -> Duration? {
        try purgeSomeForgotten(at: now, in: transaction)
        let state = try state(key, in: transaction)
        if let wait = state?.wait(at: now) { return wait }
        let next = key.throttle.counting(state, at: now)
        try transaction.execute(
            """
            INSERT INTO throttles (key, count, blocked_until, forgotten_at)
            VALUES (\(key.text), \(next.count), \(next.blockedUntil), \(next.forgottenAt))
            ON CONFLICT (key) DO UPDATE SET count = \(next.count),
                blocked_until = \(next.blockedUntil), forgotten_at = \(next.forgottenAt)
            """)
        return nil
    }

    /// Begins anew.
    func clear(_ key: ThrottleKey, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM throttles WHERE key = \(key.text)")
    }

    /// Begins anew for everything whose key begins so: an account from wherever it is tried.
    func clearAll(_ key: ThrottleKey, in transaction: Transaction) throws {
        let (own, others) = (key.text, key.text + ":%")
        try transaction.execute(
            "DELETE FROM throttles WHERE key = \(own) OR key LIKE \(others)")
    }

    /// Every count takes up to two forgotten ones away, so the table follows the rate of attempts.
    private func purgeSomeForgotten(at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM throttles WHERE key IN (
                SELECT key FROM throttles WHERE forgotten_at < \(now)
                ORDER BY forgotten_at LIMIT 2 \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
    }
}

/// What a count belongs to: hashes and ids, without a wildcard in them.
struct ThrottleKey: Sendable, Hashable {
    let throttle: Throttle
    let text: String

    init(_ throttle: Throttle, _ parts: String...) {
        self.throttle = throttle
        text = ([throttle.name] + parts).joined(separator: ":")
    }
}
