public import Events
public import Foundation
public import Storage

/// The life of one event: where it lies, who handled it when, and what it caused.
public struct EventStory: Sendable, Codable {
    /// The event's id, unique in all logs.
    public let id: EventID
    /// The stable name of its shape.
    public let type: EventType
    /// The stream that it was published to.
    public let topic: Topic
    /// The id of the aggregate that it is about.
    public let key: String
    /// The module that published it.
    public let publisher: String
    /// Its place in the publisher's log.
    public let position: Int64
    /// When it was published, UTC.
    public let time: Date
    /// Shared by everything that one request caused, over any number of events.
    public let correlationId: String
    /// The event behind this one; `nil` at the beginning of a chain.
    public let causationId: EventID?
    /// The consumer that published it while handling the event named by `causationId`.
    public let causedIn: String?
    /// One for each consumer of the type, in alphabetical order.
    public let deliveries: [Delivered]
    /// The events that were published while handling this one, in the order of their times.
    public let caused: [EventStory]

    /// What became of the event at one consumer.
    public struct Delivered: Sendable, Codable {
        /// `<module>.<purpose>`.
        public let consumer: String
        /// `pending`, `handled`, or as parked: `waiting`, `retrying`, `dead`.
        public let state: String
        /// Tries so far; 0 when there was none yet.
        public let attempts: Int
        /// When it was handled or last tried.
        public let at: Date?
        /// How long the handler took, in microseconds.
        public let durationMicroseconds: Int64?
        /// What the last failure said, at most 2 000 characters; `nil` once it is handled.
        public let error: String?
    }
}

/// Tells the lives of events from the databases of all modules, beside a running server.
public struct EventHistory: Sendable {
    private let registry: EventRegistry
    private let logs: [OutboxLog]
    private let databasesOfConsumers: [String: Database]

    /// - Parameters:
    ///   - databases: each module's database.
    ///   - consumers: the module of each consumer.
    public init(
        registry: EventRegistry, databases: [String: Database], consumers: [String: String]
    ) {
        self.registry = registry
        logs = databases.sorted { $0.key < $1.key }
            .map { OutboxLog(module: $0.key, database: $0.value) }
        databasesOfConsumers = consumers.compactMapValues { databases[$0] }
    }

    /// The life of an event and of everything it caused; `nil` when no log has it.
    ///
    /// - Throws: `StorageError`.
    public func story(of id: EventID) async throws -> EventStory? {
        for log in logs {
            if let event = try await log.event(id) {
                return try await story(of: event, publisher: log.module)
            }
        }
        return nil
    }

    private func story(of event: LoggedEvent, publisher: String) async throws -> EventStory {
        let envelope = event.envelope
        var deliveries: [EventStory.Delivered] = []
        let consumers =
            registry.entries.first { $0.type == envelope.type }?.consumers ?? []
        for consumer in consumers {
            guard let database = databasesOfConsumers[consumer] else { continue }
            deliveries.append(
                try await delivery(of: event, from: publisher, to: consumer, in: database))
        }
        var caused: [EventStory] = []
        for log in logs {
            for effect in try await log.events(causedBy: envelope.id) {
                caused.append(try await story(of: effect, publisher: log.module))
            }
        }
        return EventStory(
            id: envelope.id, type: envelope.type, topic: envelope.topic, key: envelope.key,
            publisher: publisher, position: event.position, time: envelope.time,
            correlationId: envelope.cause.correlationID,
            causationId: envelope.cause.causationID, causedIn: envelope.cause.consumer,
            deliveries: deliveries, caused: caused.sorted { $0.time < $1.time })
    }

    private func delivery(
        of event: LoggedEvent, from source: String, to consumer: String, in database: Database
    ) async throws -> EventStory.Delivered {
        try await database.read { transaction in
            let handled = try transaction.first(
                """
                SELECT attempts, handled_at, duration_us FROM inbox_handled
                WHERE consumer = \(consumer) AND source = \(source)
                    AND position = \(event.position)
                """)
            if let handled {
                return EventStory.Delivered(
                    consumer: consumer, state: "handled", attempts: try handled.get("attempts"),
                    at: try handled.get("handled_at"),
                    durationMicroseconds: try handled.get("duration_us"), error: nil)
            }
            let parked = try transaction.first(
                """
                SELECT state, attempts, attempted_at, error FROM inbox_parked
                WHERE consumer = \(consumer) AND source = \(source)
                    AND position = \(event.position)
                """)
            guard let parked else {
                return EventStory.Delivered(
                    consumer: consumer, state: "pending", attempts: 0, at: nil,
                    durationMicroseconds: nil, error: nil)
            }
            return EventStory.Delivered(
                consumer: consumer, state: try parked.get("state"),
                attempts: try parked.get("attempts"), at: try parked.get("attempted_at"),
                durationMicroseconds: nil, error: try parked.get("error"))
        }
    }
}

extension OutboxLog {
    fileprivate func event(_ id: EventID) async throws -> LoggedEvent? {
        let source = Outbox.source(of: module)
        return try await database.read { transaction in
            try transaction.first(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events WHERE event_id = \(id)
                """
            ).map { try LoggedEvent($0, source: source) }
        }
    }

    fileprivate func events(causedBy id: EventID) async throws -> [LoggedEvent] {
        let source = Outbox.source(of: module)
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events
                WHERE causation_id = \(id) ORDER BY position LIMIT 1000
                """
            ).map { try LoggedEvent($0, source: source) }
        }
    }
}
