public import Events
public import Foundation
import Instrumentation
public import Storage
import Telemetry

/// Where a module publishes its events: in the transaction that makes them true, or not at all.
public struct Outbox: Sendable {
    /// The largest payload in bytes: below the 1 MB that Kafka brokers accept by default, with
    /// room for headers.
    public static let payloadByteCountMax = 900 * 1_024

    /// The publishing module.
    public let module: String
    /// What the module declares to publish; anything when `nil`.
    private let types: Set<EventType>?
    private let committed: Signal
    /// Raised along with it, for whoever else wants to know.
    private let published: [Signal]
    private let now: @Sendable () -> Date

    package init(
        module: String, types: Set<EventType>? = nil, committed: Signal, published: [Signal] = [],
        now: @escaping @Sendable () -> Date
    ) {
        self.module = module
        self.types = types
        self.committed = committed
        self.published = published
        self.now = now
    }

    /// An outbox that no relay reads, for a module that is only described.
    public static func unheard(module: String) -> Outbox {
        Outbox(module: module, committed: Signal(), now: { Date() })
    }

    /// CloudEvents `source` of a module's events.
    package static func source(of module: String) -> String { "/flotilla/\(module)" }

    /// Publishes an event with the transaction: it exists if and only if the transaction commits.
    ///
    /// Correlation, causation and trace come from the transaction's context. Who else publishes for
    /// the same key waits for this transaction to end, which puts events of one key into the order
    /// of their commits. In a handler whose consumer is being rebuilt, nothing is
    /// published: it was the first time.
    ///
    /// - Throws: ``OutboxError``; `StorageError`; `EncodingError`.
    @discardableResult
    public func publish(_ event: some Event, in transaction: Transaction) throws -> EventID {
        let envelope = try envelope(of: event, at: now(), in: transaction)
        guard !transaction.isMuted else { return envelope.id }
        try OutboxLog.lock(key: envelope.key, in: transaction)
        try transaction.execute(
            """
            INSERT INTO outbox_events (\(Envelope.columns)) VALUES (\(envelope.columnValues))
            """)
        wakeRelay(after: transaction)
        return envelope.id
    }

    /// Publishes an event at a later time: a time-out of a saga, the expiry of a reservation.
    ///
    /// It is durable with the transaction, and enters the log when it is due.
    ///
    /// - Throws: as `publish(_:in:)`.
    @discardableResult
    public func publish(
        _ event: some Event, at dueAt: Date, in transaction: Transaction
    ) throws -> EventID {
        let envelope = try envelope(of: event, at: dueAt, in: transaction)
        guard !transaction.isMuted else { return envelope.id }
        try transaction.execute(
            """
            INSERT INTO outbox_scheduled (due_at, \(Envelope.columns))
            VALUES (\(dueAt), \(envelope.columnValues))
            """)
        wakeRelay(after: transaction)
        return envelope.id
    }

    private func wakeRelay(after transaction: Transaction) {
        transaction.afterCommit { [committed, published] in
            committed.raise()
            for signal in published { signal.raise() }
        }
    }

    private func envelope<E: Event>(
        of event: E, at time: Date, in transaction: Transaction
    ) throws -> Envelope {
        // Consumers listen to the logs of those who declare a type: here nobody would hear it.
        if let types, !types.contains(E.type) {
            throw OutboxError.undeclaredType(E.type, module: module)
        }
        // PostgreSQL's text can't hold it, and what JSON makes of it SQLite does not read back.
        guard !event.key.utf8.contains(0) else { throw OutboxError.keyWithNUL(E.type) }
        let data = try FlotillaJSON.encode(event)
        guard data.count <= Self.payloadByteCountMax else {
            throw OutboxError.payloadTooLarge(type: E.type, byteCount: data.count)
        }
        let id = EventID()
        let work = transaction.context.work
        return Envelope(
            id: id, type: E.type, source: Self.source(of: module), topic: E.topic, key: event.key,
            time: time.wholeMilliseconds, data: data,
            cause: Cause(
                correlationID: work.correlationID ?? id.description,
                causationID: work.causationID.flatMap { EventID($0) },
                consumer: work.consumer,
                requestID: work.requestID,
                traceparent: work.traceContext?.traceparent,
                transactionID: transaction.id))
    }
}

/// Why an event was not published. The transaction that tried should fail with it.
public enum OutboxError: Error, Hashable {
    /// The payload exceeds ``Outbox/payloadByteCountMax``.
    case payloadTooLarge(type: EventType, byteCount: Int)
    /// The key has a NUL character in it.
    case keyWithNUL(EventType)
    /// The module does not declare that it publishes this type.
    case undeclaredType(EventType, module: String)
}
