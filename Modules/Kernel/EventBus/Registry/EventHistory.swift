public import Events
import Foundation
public import Storage

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
                var left = Self.eventCountMax
                return try await story(of: event, in: log, left: &left)
            }
            if let (dueAt, envelope) = try await log.scheduled("event_id = \(id)").first {
                return story(of: envelope, scheduledFor: dueAt, in: log)
            }
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
        of event: LoggedEvent, in log: OutboxLog, left: inout Int
    ) async throws -> EventStory {
        left -= 1
        let envelope = event.envelope
        var deliveries: [EventStory.Delivered] = []
        var takenCount = 0
        let known = registry.entry(of: envelope.type)?.consumers
        for consumer in known ?? registry.hearers(of: log.module).map(\.consumer) {
            guard let database = databasesOfConsumers[consumer] else { continue }
            let delivery = try await database.read { transaction in
                try Inbox(consumer: consumer, transaction: transaction).delivery(of: event)
            }
            if delivery.state != "pending" { takenCount += 1 }
            deliveries.append(delivery)
        }
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
            envelope, publisher: log.module, position: event.position,
            publishedWith: try await log.neighbours(of: event),
            relay: try await relay(
                of: event, in: log, isTakenByAll: takenCount == deliveries.count,
                isTakenByAny: takenCount > 0),
            deliveries: deliveries, caused: caused.sorted { $0.time < $1.time })
    }

    private func relay(
        of event: LoggedEvent, in log: OutboxLog, isTakenByAll: Bool, isTakenByAny: Bool
    ) async throws -> EventStory.Relayed {
        let consumers = Set(databasesOfConsumers.keys)
        guard let broker = try await log.readers().first(where: { !consumers.contains($0.name) })
        else {
            return .init(
                transport: "in-process", isTaken: isTakenByAll, attempts: isTakenByAny ? 1 : 0,
                error: nil)
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
        publishedWith: [EventID] = [], relay: Relayed, deliveries: [Delivered] = [],
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
        return EventStory.Delivered(
            consumer: consumer, state: isPassed ? "passed" : "pending", deadLetterId: nil,
            dueAt: nil, attempts: 0, at: nil, durationMicroseconds: nil, error: nil)
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
