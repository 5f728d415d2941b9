import Foundation
import Testing

/// Events that no program of ours would write, put into the log of User behind its back.
struct Poison: Sendable {
    let tables: Tables

    /// Appends an event; its number makes its id.
    @discardableResult
    func publish(
        _ number: Int, _ type: String = "UserProfileUpdatedEventV1", key: String, _ data: JSON
    ) async throws -> String {
        let id = Self.id(number)
        let now = "\(Int(Date().timeIntervalSince1970 * 1_000) * 1_000)"
        try await tables.damage(
            "user",
            """
            INSERT INTO outbox_events (event_id, type, topic, key, time, correlation_id, data)
            VALUES ('\(id)', '\(type)', 'user.events', '\(key)', \(tables.time(now)), 'poison',
                '\(data)')
            """)
        return id
    }

    /// Appends an event that nobody can read to each of many keys, at once.
    func publishUnreadable(keyCount: Int) async throws {
        let number = tables.hexadecimal("i")
        let now = "\(Int(Date().timeIntervalSince1970) * 1_000_000)"
        try await tables.damage(
            "user",
            """
            WITH RECURSIVE numbers (i) AS (
                SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < \(keyCount))
            INSERT INTO outbox_events (event_id, type, topic, key, time, correlation_id, data)
            SELECT \(tables.uuid("'0197dddd-0000-7000-8000-' || \(number)")),
                'UserProfileUpdatedEventV1', 'user.events',
                '0197bbbb-0000-7000-8000-' || \(number), \(tables.time(now)), 'poison', '{}'
            FROM numbers
            """)
    }

    /// Who can't read the profile that is poisoned.
    static let hearers = ["order.customers", "product.preferences", "search.user-index"]

    static func id(_ number: Int) -> String {
        "0197dddd-0000-7000-8000-" + String(format: "%012x", number)
    }

    /// A payload that nobody can read: the names are missing.
    static func unreadable(_ user: String) -> JSON { ["userId": .string(user)] }

    /// What a profile's change looks like.
    static func profile(of user: String, _ firstName: String, _ lastName: String) -> JSON {
        [
            "userId": .string(user), "firstName": .string(firstName),
            "lastName": .string(lastName), "preferences": [:], "changedFields": ["lastName"],
        ]
    }
}

extension RunningSystem {
    /// The dead letters of the command line, as JSON; with `--all`, what waits and is retried too.
    func deadLetters(_ flags: String...) async throws -> [JSON] {
        let run = try await command(["dead-letters", "list", "--json", "--limit", "1000"] + flags)
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return try JSON(parsing: Data(run.output.utf8))["items"].array
    }

    /// Waits until there are so many dead letters.
    @discardableResult
    func deadLetters(
        count: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [JSON] {
        try await eventually("\(count) dead letters", sourceLocation: sourceLocation) {
            try await deadLetters()
        } until: {
            $0.count == count
        }
    }

    /// A user's last names as Search and Order have them.
    func lastNames(of user: String) async throws -> [String] {
        let search = try await tables.rows(
            "search", "SELECT last_name AS x FROM indexed_users WHERE user_id = '\(user)'")
        let order = try await tables.rows(
            "order", "SELECT last_name AS x FROM customers WHERE user_id = '\(user)'")
        return (search + order).map { $0["x"].string ?? "" }
    }
}
