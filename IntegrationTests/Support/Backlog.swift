import Foundation
import Testing

/// Events that wait in the log of User, written by SQL as `Outbox` writes them, so that a hundred
/// thousand are there within a second.
struct Backlog: Sendable {
    /// Keys among which the events go round; each is registered by its first event.
    let userCount: Int
    let eventCount: Int

    /// The id of a user of the backlog, by number from 0.
    static func user(_ number: Int) -> String {
        "0197bbbb-0000-7000-8000-" + String(format: "%012x", number)
    }

    /// The last name that a user of the backlog has in the end.
    func lastName(of number: Int) -> String {
        let last = (eventCount - 1 - number) / userCount * userCount + number
        return "Name\(last)"
    }

    /// Appends them to the log; the first of each user says that they registered.
    func append(to tables: Tables) async throws {
        let columns = "event_id, type, topic, key, time, correlation_id, data"
        let id = "'0197bbbb-0000-7000-8000-' || " + tables.hexadecimal("i % \(userCount)")
        let event = "'0197eeee-0000-7000-8000-' || " + tables.hexadecimal("i")
        // A minute old at most, so that nothing takes it for expired.
        let now = Int(Date().timeIntervalSince1970 * 1_000_000) - 60_000_000
        let registered = tables.object(
            "'userId'", id, "'email'", "'b' || i || '@example.com'", "'firstName'", "'Backlog'",
            "'lastName'", "'Name' || i", "'status'", "'pending_verification'", "'createdAt'",
            "'2026-01-01T00:00:00.000Z'")
        let renamed = tables.object(
            "'userId'", id, "'firstName'", "'Backlog'", "'lastName'", "'Name' || i",
            "'preferences'", tables.object(), "'changedFields'", tables.array("'lastName'"))
        try await tables.damage(
            "user",
            """
            \(tables.isPostgres ? partition : "PRAGMA synchronous = OFF;")
            WITH RECURSIVE numbers (i) AS (
                SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < \(eventCount))
            INSERT INTO outbox_events (\(columns))
            SELECT \(tables.uuid(event)),
                CASE WHEN i < \(userCount)
                    THEN 'UserRegisteredEventV1' ELSE 'UserProfileUpdatedEventV1' END,
                'user.events', \(id), \(tables.time("\(now) + i")), \(event),
                CASE WHEN i < \(userCount) THEN \(registered) ELSE \(renamed) END
            FROM numbers;
            \(tables.isPostgres ? "" : "PRAGMA wal_checkpoint(TRUNCATE);")
            """, within: .seconds(120))
    }

    /// Room for positions beyond those that a new log has a partition for.
    private var partition: String {
        guard eventCount > 90_000 else { return "" }
        return """
            CREATE TABLE outbox_events_100001 PARTITION OF outbox_events
                FOR VALUES FROM (100001) TO (10000001);
            INSERT INTO outbox_partitions VALUES (100001, 10000001, now());
            """
    }
}

/// What a process has of the machine's memory, in MiB (proc(5), `/proc/PID/status`).
struct MemoryUse: Sendable, CustomStringConvertible {
    let resident: Int
    let peak: Int

    init(of process: Int32) throws {
        let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func mebibytes(_ name: String) throws -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
            return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
                / 1_024
        }
        resident = try mebibytes("VmRSS")
        peak = try mebibytes("VmHWM")
    }

    var description: String { "\(resident) MiB resident, \(peak) MiB at most" }
}

extension RunningSystem {
    var memory: MemoryUse {
        get throws { try MemoryUse(of: try #require(server?.process)) }
    }
}
