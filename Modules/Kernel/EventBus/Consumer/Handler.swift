public import Events
public import Storage

/// What a transactional consumer does on one type of event.
public struct Handler: Sendable {
    package let event: any Event.Type
    package let handle: @Sendable (Delivery, Transaction) throws -> Void

    /// Handles events of a type, and of its older versions, in a transaction of the consumer's own
    /// database.
    ///
    /// What it writes and publishes commits together with the mark that it was done.
    public static func on<E: Event>(
        _ event: E.Type,
        _ handle: @escaping @Sendable (E, Delivery, Transaction) throws -> Void
    ) -> Handler {
        Handler(event: event) { delivery, transaction in
            try handle(try delivery.payload(E.self), delivery, transaction)
        }
    }
}

/// What an effect consumer does on one type of event.
public struct EffectHandler: Sendable {
    package let event: any Event.Type
    package let perform: @Sendable (Delivery) async throws -> Outcome

    /// What came of an effect, written in the transaction that remembers the event.
    public typealias Outcome = @Sendable (Transaction) throws -> Void

    /// Performs an effect outside any transaction and returns what is to be recorded of it.
    ///
    /// It may run again after a crash: pass `delivery.id` on as the idempotency key.
    public static func on<E: Event>(
        _ event: E.Type, _ perform: @escaping @Sendable (E, Delivery) async throws -> Outcome
    ) -> EffectHandler {
        EffectHandler(event: event) { delivery in
            try await perform(try delivery.payload(E.self), delivery)
        }
    }
}

/// One event on its way to one consumer.
public struct Delivery: Sendable {
    /// The event as it was published.
    public let envelope: Envelope
    /// Its place in the publisher's log.
    public let position: Int64
    /// 1 for the first try.
    public let attempt: Int
    /// Whether the consumer took the event before and hears it again because an operator said so.
    public let isReplay: Bool

    package init(_ event: LoggedEvent, attempt: Int, isReplay: Bool) {
        envelope = event.envelope
        position = event.position
        self.attempt = attempt
        self.isReplay = isReplay
    }

    /// The event's id, which is also the idempotency key of what its handling does outside.
    public var id: EventID { envelope.id }

    func payload<E: Event>(_ event: E.Type) throws -> E {
        do {
            return try envelope.decode(E.self)
        } catch {
            throw UnreadablePayload(type: envelope.type, reason: "\(error)")
        }
    }
}

/// A failure that no later try can mend; the event is parked as a dead letter at once.
public protocol PermanentFailure: Error {}

/// A failure that says how long to wait, as a provider does that limits its callers.
public protocol DelayedFailure: Error {
    /// The least time until the next try, whatever the policy says.
    var retryAfter: Duration { get }
}

/// The payload is not of the shape that its type promises.
public struct UnreadablePayload: PermanentFailure {
    /// The type whose promise is broken.
    public let type: EventType
    /// What the decoder found, for whoever looks at the dead letter.
    public let reason: String
}
