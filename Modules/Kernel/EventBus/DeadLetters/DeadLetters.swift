public import Events
public import Foundation
public import Storage

/// The dead letters of all consumers, for operators: looks at them, retries and discards them.
///
/// It works on the consumers' databases beside a running server, which takes up a retry within a
/// second. What an operator does is published in the same transaction, so that the audit trail has
/// it.
public struct DeadLetters: Sendable {
    /// The largest edited payload in bytes. The event that tells of it carries the whole of it as a
    /// JSON string, at most six times as long: 384 KiB of the 900 that it may have.
    public static let payloadByteCountMax = 64 * 1_024

    private let registry: EventRegistry
    private let databases: [String: Database]
    private let modulesOfConsumers: [String: String]
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - databases: each module's database.
    ///   - consumers: the module of each consumer.
    public init(
        registry: EventRegistry, databases: [String: Database], consumers: [String: String],
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.registry = registry
        self.databases = databases
        modulesOfConsumers = consumers
        self.now = now
    }

    /// Which parked events a list shows.
    public struct Filter: Sendable {
        /// Of this consumer alone.
        public var consumer: String?
        /// Of this key alone.
        public var key: String?
        /// Of this type alone.
        public var type: EventType?
        /// Also those that are tried again by themselves, and those that wait behind others.
        public var includesLiving = false
        /// Those after this one in the order of the list.
        public var after: (parkedAt: Date, id: DeadLetterID)?
        /// So many at most.
        public var limit = 100

        /// All dead letters, the newest 100.
        public init() {}
    }

    /// Parked events, newest first.
    ///
    /// - Throws: ``DeadLetterError/noSuchConsumer(_:)``; `StorageError`.
    public func list(_ filter: Filter = Filter()) async throws -> [DeadLetter] {
        if let consumer = filter.consumer { _ = try database(of: consumer) }
        var letters: [DeadLetter] = []
        for database in databases.values {
            letters += try await database.read { transaction in
                var query: SQL = """
                    SELECT \(DeadLetter.columns) FROM inbox_parked WHERE 1 = 1
                    """
                if !filter.includesLiving { query = query + " AND state = \(ParkedState.dead)" }
                if let consumer = filter.consumer { query = query + " AND consumer = \(consumer)" }
                if let key = filter.key { query = query + " AND key = \(key)" }
                if let type = filter.type { query = query + " AND type = \(type)" }
                if let (time, id) = filter.after {
                    query = query + " AND (parked_at, letter_id) < (\(time), \(id))"
                }
                return try transaction.rows(
                    query + " ORDER BY parked_at DESC, letter_id DESC LIMIT \(filter.limit)"
                ).map { try DeadLetter($0, waitingBehindIn: transaction) }
            }
        }
        return Array(
            letters.sorted { ($0.parkedAt, $0.id.description) > ($1.parkedAt, $1.id.description) }
                .prefix(filter.limit))
    }

    /// One parked event, by its own id or by that of its event.
    ///
    /// - Throws: ``DeadLetterError/notFound``, ``DeadLetterError/ambiguous(consumers:)``;
    ///   `StorageError`.
    public func find(_ id: DeadLetterID, consumer: String? = nil) async throws -> DeadLetter {
        var found: [DeadLetter] = []
        for database in databases.values {
            found += try await database.read { transaction in
                try transaction.rows(
                    """
                    SELECT \(DeadLetter.columns) FROM inbox_parked
                    WHERE letter_id = \(id) OR event_id = \(EventID(id.uuid))
                    """
                ).map { try DeadLetter($0, waitingBehindIn: transaction) }
            }
        }
        if let consumer { found.removeAll { $0.consumer != consumer } }
        guard let first = found.first else { throw DeadLetterError.notFound }
        guard found.count == 1 else {
            throw DeadLetterError.ambiguous(consumers: found.map(\.consumer).sorted())
        }
        return first
    }

    /// Has a key's parked events tried again, in their order, beginning with the first.
    ///
    /// - Parameter payload: what takes the place of this letter's payload; the first one is kept.
    /// - Returns: the first parked event of the key, which is due now.
    /// - Throws: ``DeadLetterError``; `StorageError`.
    @discardableResult
    public func retry(
        _ id: DeadLetterID, consumer: String? = nil, payload: Data? = nil, by actor: String
    ) async throws -> DeadLetter {
        let letter = try await find(id, consumer: consumer)
        if let payload { try check(payload, for: letter.event.envelope) }
        let (database, outbox) = try writer(for: letter.consumer)
        let now = now()
        return try await database.write { transaction in
            let letters = LetterBox(transaction: transaction, consumer: letter.consumer)
            let inbox = Inbox(consumer: letter.consumer, transaction: transaction)
            guard try inbox.isParked(letter.event) else { throw DeadLetterError.notFound }
            if let payload { try letters.edit(letter, to: payload) }
            guard let first = try letters.first(ofKeyOf: letter) else {
                throw DeadLetterError.notFound
            }
            try letters.makeDue(first, at: now)
            try outbox.publish(
                DeadLetterRetried(
                    deadLetterID: letter.id, consumer: letter.consumer,
                    eventID: letter.event.envelope.id, eventType: letter.event.envelope.type,
                    eventKey: letter.event.envelope.key,
                    isEdited: payload != nil,
                    editedPayload: payload.map { String(decoding: $0, as: UTF8.self) },
                    actor: actor, retriedAt: now), in: transaction)
            return try letters.first(ofKeyOf: letter) ?? first
        }
    }

    /// Has all dead letters of a consumer tried again, each once; tells how many there were.
    ///
    /// Those that die again meanwhile keep their place in the list, which is behind the cursor.
    ///
    /// - Throws: ``DeadLetterError/noSuchConsumer(_:)``; `StorageError`.
    public func retryAll(of consumer: String, by actor: String) async throws -> Int {
        _ = try database(of: consumer)
        var filter = Filter()
        filter.consumer = consumer
        var count = 0
        while true {
            let letters = try await list(filter)
            guard let last = letters.last else { return count }
            filter.after = (last.parkedAt, last.id)
            for letter in letters {
                // One that another operator took out meanwhile needs nothing more.
                do {
                    try await retry(letter.id, consumer: consumer, by: actor)
                    count += 1
                } catch DeadLetterError.notFound {}
            }
        }
    }

    /// Takes one event out for ever; the next of its key is due at once.
    ///
    /// - Throws: ``DeadLetterError``; `StorageError`.
    @discardableResult
    public func discard(
        _ id: DeadLetterID, consumer: String? = nil, reason: String?, by actor: String
    ) async throws -> DeadLetter {
        let letter = try await find(id, consumer: consumer)
        let (database, outbox) = try writer(for: letter.consumer)
        let now = now()
        try await database.write { transaction in
            let inbox = Inbox(consumer: letter.consumer, transaction: transaction)
            guard try inbox.isParked(letter.event) else { throw DeadLetterError.notFound }
            try inbox.finish(
                letter.event, as: .discarded, wasParked: true, attempts: letter.attempts, at: now)
            try outbox.publish(
                DeadLetterDiscarded(
                    deadLetterID: letter.id, consumer: letter.consumer,
                    eventID: letter.event.envelope.id, eventType: letter.event.envelope.type,
                    eventKey: letter.event.envelope.key, reason: reason, actor: actor,
                    discardedAt: now), in: transaction)
        }
        return letter
    }

    /// An edited payload must be readable as its type, and belong to the same key.
    private func check(_ payload: Data, for envelope: Envelope) throws {
        guard payload.count <= Self.payloadByteCountMax else {
            throw DeadLetterError.payloadTooLarge(byteCount: payload.count)
        }
        guard let entry = registry.entry(of: envelope.type) else {
            throw DeadLetterError.unknownType(envelope.type)
        }
        let edited = Envelope(
            id: envelope.id, type: envelope.type, source: envelope.source, topic: envelope.topic,
            key: envelope.key, time: envelope.time, data: payload, cause: envelope.cause)
        let event: any Event
        do {
            event = try edited.decode(entry.event)
        } catch {
            throw DeadLetterError.unreadablePayload(envelope.type, reason: "\(error)")
        }
        guard event.key == envelope.key else { throw DeadLetterError.otherKey(envelope.key) }
    }

    private func database(of consumer: String) throws -> Database {
        guard let module = modulesOfConsumers[consumer], let database = databases[module] else {
            throw DeadLetterError.noSuchConsumer(consumer)
        }
        return database
    }

    private func writer(for consumer: String) throws -> (Database, Outbox) {
        let database = try database(of: consumer)
        let module = modulesOfConsumers[consumer] ?? database.name
        return (database, Outbox(module: module, committed: Signal(), now: now))
    }
}

/// Why nothing was done about a dead letter.
public enum DeadLetterError: Error, Hashable {
    /// No parked event has that id.
    case notFound
    /// The id is of an event that is parked at several consumers.
    case ambiguous(consumers: [String])
    /// No consumer of that name runs on these databases.
    case noSuchConsumer(String)
    /// The edited payload is of a type that this program does not know.
    case unknownType(EventType)
    /// The edited payload is not of the shape of its type.
    case unreadablePayload(EventType, reason: String)
    /// The edited payload exceeds ``DeadLetters/payloadByteCountMax``.
    case payloadTooLarge(byteCount: Int)
    /// The edited payload would belong to another key.
    case otherKey(String)
}
