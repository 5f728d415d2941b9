public import Events
import Foundation
public import Storage

/// Tells the lives of events from the databases of all modules, beside a running server.
public struct EventHistory: Sendable {
    private let registry: EventRegistry
    private let logs: [OutboxLog]
    private let databases: [Database]
    private let databasesOfConsumers: [String: Database]

    /// - Parameters:
    ///   - databases: each module's database.
    ///   - consumers: the module of each consumer.
    public init(
        registry: EventRegistry, databases: [String: Database], consumers: [String: String]
    ) {
        self.registry = registry
        let sorted = databases.sorted { $0.key < $1.key }
        logs = sorted.map { OutboxLog(module: $0.key, database: $0.value) }
        self.databases = sorted.map(\.value)
        databasesOfConsumers = consumers.compactMapValues { databases[$0] }
    }

    /// The life of an event and of everything it caused; `nil` when no log has it, and no broker
    /// brought it.
    ///
    /// Of an event that a broker brought, whose log is elsewhere, it tells what is known here: its
    /// deliveries to the consumers of these databases, and what they caused.
    ///
    /// - Throws: `StorageError`.
    public func story(of id: EventID) async throws -> EventStory? {
        for log in logs {
            if let event = try await log.event(id) {
                var left = Self.eventCountMax
                return try await story(of: event, in: log, left: &left)
            }
            if let (dueAt, envelope) = try await log.scheduled("event_id = \(id)").first {
                return story(of: envelope, scheduledFor: dueAt, in: log)
            }
        }
        guard let event = try await received(id) else { return nil }
        var left = Self.eventCountMax
        return try await story(of: event, in: nil, left: &left)
    }

    /// An event as a broker brought it to one of the modules.
    private func received(_ id: EventID) async throws -> LoggedEvent? {
        for database in databases {
            let event = try await database.read { transaction in
                try transaction.first(
                    """
                    SELECT log, log_position AS position, \(Envelope.columns) FROM inbox_events
                    WHERE event_id = \(id) LIMIT 1
                    """
                ).map { try LoggedEvent($0, log: try $0.get("log")) }
            }
            if let event { return event }
        }
        return nil
    }

    private func story(
        of envelope: Envelope, scheduledFor dueAt: Date, in log: OutboxLog
    ) -> EventStory {
        EventStory(
            envelope, publisher: log.module, position: 0, scheduledFor: dueAt,
            relay: .init(transport: "schedule", isTaken: false, attempts: 0, error: nil))
    }

    /// Events that one story tells of: a timer that renews itself is a chain without an end.
    private static let eventCountMax = 1_000

    private func story(
        of event: LoggedEvent, in source: OutboxLog?, left: inout Int
    ) async throws -> EventStory {
        left -= 1
        let envelope = event.envelope
        var broker: OutboxLog.Reader?
        if let source { broker = try await self.broker(of: source) }
        let deliveries = try await deliveries(of: event, isSent: broker != nil)
        var caused: [EventStory] = []
        for log in logs {
            for effect in try await log.events(causedBy: envelope.id) where left > 0 {
                caused.append(try await story(of: effect, in: log, left: &left))
            }
            for (dueAt, effect) in try await log.scheduled(causedBy: envelope.id) {
                caused.append(story(of: effect, scheduledFor: dueAt, in: log))
            }
        }
        return EventStory(
            envelope, publisher: event.log, position: event.position,
            publishedWith: try await source?.neighbours(of: event) ?? [],
            relay: source == nil ? nil : Self.relay(of: event, by: broker, to: deliveries),
            deliveries: deliveries, caused: caused.sorted { $0.time < $1.time })
    }

    /// - Parameter isSent: whether a broker brings it to consumers of other databases, too.
    private func deliveries(
        of event: LoggedEvent, isSent: Bool
    ) async throws -> [EventStory.Delivered] {
        var deliveries: [EventStory.Delivered] = []
        let known = registry.entry(of: event.envelope.type)?.consumers
        for consumer in known ?? registry.hearers(of: event.log).map(\.consumer).sorted() {
            if let database = databasesOfConsumers[consumer] {
                deliveries.append(
                    try await database.read { transaction in
                        try Inbox(consumer: consumer, transaction: transaction).delivery(of: event)
                    })
            } else if isSent {
                deliveries.append(.init(untried: consumer, state: "elsewhere"))
            }
        }
        return deliveries
    }

    /// How far the events of a log went to a broker; `nil` when the consumers read it themselves.
    private func broker(of log: OutboxLog) async throws -> OutboxLog.Reader? {
        // A module that moved out has left its consumers' places behind.
        let consumers = Set(registry.modules.flatMap { registry.consumers(of: $0) })
        return try await log.readers().first { !consumers.contains($0.name) }
    }

    private static func relay(
        of event: LoggedEvent, by broker: OutboxLog.Reader?, to deliveries: [EventStory.Delivered]
    ) -> EventStory.Relayed {
        guard let broker else {
            let takenCount = deliveries.count { $0.state != "pending" }
            return .init(
                transport: "in-process", isTaken: takenCount == deliveries.count,
                attempts: takenCount > 0 ? 1 : 0, error: nil)
        }
        let isTaken = event.position <= broker.position
        return .init(
            transport: broker.name, isTaken: isTaken, attempts: isTaken ? 1 : broker.attempts,
            error: isTaken ? nil : broker.error)
    }
}

extension EventStory {
    fileprivate init(
        _ envelope: Envelope, publisher: String, position: Int64, scheduledFor: Date? = nil,
        publishedWith: [EventID] = [], relay: Relayed?, deliveries: [Delivered] = [],
        caused: [EventStory] = []
    ) {
        self.init(
            id: envelope.id, type: envelope.type, topic: envelope.topic, key: envelope.key,
            publisher: publisher, position: position, scheduledFor: scheduledFor,
            transactionId: envelope.cause.transactionID, publishedWith: publishedWith,
            time: envelope.time, correlationId: envelope.cause.correlationID,
            causationId: envelope.cause.causationID, causedIn: envelope.cause.consumer,
            relay: relay, deliveries: deliveries, caused: caused)
    }
}

extension Inbox {
    /// What became of an event at this consumer.
    fileprivate func delivery(of event: LoggedEvent) throws -> EventStory.Delivered {
        let parked = try transaction.first(
            """
            SELECT state, letter_id, attempts, attempted_at, due_at, error FROM inbox_parked
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """)
        if let parked {
            return EventStory.Delivered(
                consumer: consumer, state: try parked.get("state"),
                deadLetterId: try parked.get("letter_id"), dueAt: try parked.get("due_at"),
                attempts: try parked.get("attempts"), at: try parked.get("attempted_at"),
                durationMicroseconds: nil, error: try parked.get("error"))
        }
        let handled = try transaction.first(
            """
            SELECT outcome, attempts, handled_at, duration_us FROM inbox_handled
            WHERE consumer = \(consumer) AND log = \(event.log) AND position = \(event.position)
            """)
        if let handled {
            return EventStory.Delivered(
                consumer: consumer, state: try handled.get("outcome"), deadLetterId: nil,
                dueAt: nil, attempts: try handled.get("attempts"),
                at: try handled.get("handled_at"),
                durationMicroseconds: try handled.get("duration_us"), error: nil)
        }
        var isPassed = try cursor(of: event.log).map { $0 >= event.position } ?? false
        if let received = try transaction.first(
            "SELECT stream, position FROM inbox_events WHERE event_id = \(event.envelope.id)")
        {
            let place = try cursor(of: received.get("stream")) ?? 0
            isPassed = try received.get("position", as: Int64.self) <= place
        }
        return EventStory.Delivered(untried: consumer, state: isPassed ? "passed" : "pending")
    }
}

extension EventStory.Delivered {
    fileprivate init(untried consumer: String, state: String) {
        self.init(
            consumer: consumer, state: state, deadLetterId: nil, dueAt: nil, attempts: 0, at: nil,
            durationMicroseconds: nil, error: nil)
    }
}

extension OutboxLog {
    fileprivate func events(causedBy id: EventID) async throws -> [LoggedEvent] {
        let log = module
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT position, \(Envelope.columns) FROM outbox_events
                WHERE causation_id = \(id) ORDER BY position LIMIT 1000
                """
            ).map { try LoggedEvent($0, log: log) }
        }
    }

    /// The other events of an event's transaction. They lie near it, so no index is needed.
    fileprivate func neighbours(of event: LoggedEvent) async throws -> [EventID] {
        guard let transactionID = event.envelope.cause.transactionID else { return [] }
        let (first, last) = (event.position - 1_000, event.position + 1_000)
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT event_id FROM outbox_events
                WHERE position BETWEEN \(first) AND \(last)
                    AND transaction_id = \(transactionID) AND event_id <> \(event.envelope.id)
                ORDER BY position
                """
            ).map { try $0.get("event_id") }
        }
    }

    fileprivate func scheduled(causedBy id: EventID) async throws -> [(Date, Envelope)] {
        try await scheduled("causation_id = \(id)")
    }

    /// Events that wait for their time.
    fileprivate func scheduled(_ condition: SQL) async throws -> [(Date, Envelope)] {
        let log = module
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT due_at, \(Envelope.columns) FROM outbox_scheduled WHERE \(condition)
                ORDER BY due_at, event_id LIMIT 1000
                """
            ).map { (try $0.get("due_at"), try Envelope($0, log: log)) }
        }
    }
}
