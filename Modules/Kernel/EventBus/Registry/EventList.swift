public import Events
public import Foundation
public import Storage

/// Published events across the logs of all modules, for operators.
public struct EventList: Sendable {
    private let logs: [OutboxLog]

    /// - Parameter databases: each module's database.
    public init(databases: [String: Database]) {
        logs = databases.sorted { $0.key < $1.key }
            .map { OutboxLog(module: $0.key, database: $0.value) }
    }

    /// Which events a list shows.
    public struct Filter: Sendable {
        /// Of this type alone.
        public var type: EventType?
        /// Of this key alone.
        public var key: String?
        /// Of this module's log alone.
        public var module: String?
        /// With this correlation id alone.
        public var correlationID: String?
        /// Published at this time or later.
        public var since: Date?
        /// The newest so many.
        public var limit = 20

        /// All events, the newest 20.
        public init() {}
    }

    /// Events, newest first.
    ///
    /// - Throws: `StorageError`.
    public func events(_ filter: Filter = Filter()) async throws -> [LoggedEvent] {
        var events: [LoggedEvent] = []
        for log in logs where filter.module.map({ $0 == log.module }) ?? true {
            events += try await log.newest(filter)
        }
        return Array(
            events.sorted { ($0.envelope.time, $0.position) > ($1.envelope.time, $1.position) }
                .prefix(filter.limit))
    }
}

extension OutboxLog {
    fileprivate func newest(_ filter: EventList.Filter) async throws -> [LoggedEvent] {
        let log = module
        return try await database.read { transaction in
            var query: SQL =
                "SELECT position, \(Envelope.columns) FROM outbox_events WHERE 1 = 1"
            if let type = filter.type { query = query + " AND type = \(type)" }
            if let key = filter.key { query = query + " AND key = \(key)" }
            if let id = filter.correlationID { query = query + " AND correlation_id = \(id)" }
            if let since = filter.since { query = query + " AND time >= \(since)" }
            return try transaction.rows(
                query + " ORDER BY position DESC LIMIT \(filter.limit)"
            ).map { try LoggedEvent($0, log: log) }
        }
    }
}
