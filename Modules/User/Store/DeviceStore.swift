import Events
import Foundation
import Storage

/// A device as tables know it: hashes that only this system can compute.
struct DevicePrint: Sendable, Hashable {
    let network: String
    let agent: String
}

/// Devices that users have logged in with, as rows.
struct DeviceStore: Sendable {
    /// So many a user; the one that was not seen for longest goes.
    private static let countMax = 50
    /// After so long a device is as good as new.
    private static let memorySeconds = 180.0 * 24 * 3_600

    func isKnown(
        _ print: DevicePrint, of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM known_devices
            WHERE user_id = \(user) AND network = \(print.network) AND agent = \(print.agent)
                AND seen_at > \(now - Self.memorySeconds)
            """) != nil
    }

    /// Remembers a device.
    ///
    /// - Returns: whether it is a new one of a user who has others.
    func remember(
        _ print: DevicePrint, of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        let isKnown = try isKnown(print, of: user, at: now, in: transaction)
        let hasOthers =
            try isKnown
            || transaction.first(
                "SELECT 1 AS one FROM known_devices WHERE user_id = \(user) LIMIT 1") != nil
        try transaction.execute(
            """
            INSERT INTO known_devices (user_id, network, agent, seen_at)
            VALUES (\(user), \(print.network), \(print.agent), \(now))
            ON CONFLICT (user_id, network, agent) DO UPDATE SET seen_at = \(now)
            """)
        if !isKnown { try forgetSurplus(of: user, in: transaction) }
        return !isKnown && hasOthers
    }

    func erase(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM known_devices WHERE user_id = \(user)")
    }

    private func forgetSurplus(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM known_devices WHERE user_id = \(user) AND seen_at < (
                SELECT MIN(seen_at) FROM (
                    SELECT seen_at FROM known_devices WHERE user_id = \(user)
                    ORDER BY seen_at DESC LIMIT \(Self.countMax)) AS newest)
            """)
    }
}
