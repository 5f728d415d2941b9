public import Events
public import Storage

/// A named consumer of a module: what it hears, and what it does then.
///
/// The name is stable for ever (`order.welcome-order`): the consumer's place in every log is kept
/// under it. A *transactional* consumer's handlers run in the transaction that also remembers the
/// event, so their effect on the database happens exactly once. An *effect* consumer talks to the
/// world outside, at least once, with the event's id as idempotency key.
public struct Subscription: Sendable {
    /// `<module>.<purpose>`.
    public let consumer: String
    /// What kind of work it does, with its handlers.
    package let work: Work
    /// Where a consumer begins that has no place yet.
    public let start: Start
    /// How patient it is unless the configuration says otherwise; `nil` for the house's patience.
    public private(set) var retry: RetryPolicy?

    package enum Work: Sendable {
        case transactional([EventType: Handler])
        case effect([EventType: EffectHandler], concurrency: Int, deadline: Duration)
        case everything(@Sendable (Delivery, Transaction) throws -> Void)
    }

    /// Where a new consumer begins to read.
    public enum Start: Sendable {
        /// With the oldest event that is still kept.
        case beginning
        /// With the first event published after its first start.
        case now
    }

    /// A consumer whose handlers write to the module's database.
    public init(_ consumer: String, from start: Start = .beginning, _ handlers: [Handler]) {
        self.consumer = consumer
        self.start = start
        self.work = .transactional(Self.byType(handlers.map { ($0.type, $0) }, of: consumer))
    }

    /// A consumer whose handlers reach outside: mail, payment providers, webhooks.
    ///
    /// - Parameters:
    ///   - concurrency: how many events of different keys are in work at once.
    ///   - deadline: how long one call may take before it counts as failed.
    ///   - retry: a patience of its own, for a world outside that is away longer.
    public static func effect(
        _ consumer: String, from start: Start = .beginning, concurrency: Int = 8,
        deadline: Duration = .seconds(30), retry: RetryPolicy? = nil,
        _ handlers: [EffectHandler]
    ) -> Subscription {
        let handlers = byType(handlers.map { ($0.type, $0) }, of: consumer)
        var subscription = Subscription(
            consumer: consumer, start: start,
            work: .effect(handlers, concurrency: concurrency, deadline: deadline))
        subscription.retry = retry
        return subscription
    }

    /// A consumer of every event of every topic, as it was published.
    public static func everything(
        _ consumer: String, from start: Start = .beginning,
        _ handle: @escaping @Sendable (Delivery, Transaction) throws -> Void
    ) -> Subscription {
        Subscription(consumer: consumer, start: start, work: .everything(handle))
    }

    private init(consumer: String, start: Start, work: Work) {
        self.consumer = consumer
        self.start = start
        self.work = work
    }

    private static func byType<T>(_ handlers: [(EventType, T)], of consumer: String) -> [EventType:
        T]
    {
        Dictionary(handlers) { _, _ in
            preconditionFailure("\(consumer) has two handlers for one event type")
        }
    }

    /// What it listens to; `nil` for everything.
    package var types: Set<EventType>? {
        switch work {
        case .transactional(let handlers): Set(handlers.keys)
        case .effect(let handlers, _, _): Set(handlers.keys)
        case .everything: nil
        }
    }

    /// How many events of different keys it has in work at once.
    package var concurrency: Int {
        switch work {
        case .transactional, .everything: 1
        case .effect(_, let concurrency, _): concurrency
        }
    }

    /// The topics that carry what it listens to; `nil` for all of them.
    package var topics: Set<Topic>? {
        switch work {
        case .transactional(let handlers): Set(handlers.values.map(\.topic))
        case .effect(let handlers, _, _): Set(handlers.values.map(\.topic))
        case .everything: nil
        }
    }

    package func hears(_ type: EventType) -> Bool { types?.contains(type) ?? true }
}

/// What a transactional consumer does on one type of event.
public struct Handler: Sendable {
    package let type: EventType
    package let topic: Topic
    package let handle: @Sendable (Delivery, Transaction) throws -> Void

    /// Handles events of a type in a transaction of the consumer's own database.
    ///
    /// What it writes and publishes commits together with the mark that it was done.
    public static func on<E: Event>(
        _ event: E.Type,
        _ handle: @escaping @Sendable (E, Delivery, Transaction) throws -> Void
    ) -> Handler {
        Handler(type: E.type, topic: E.topic) { delivery, transaction in
            try handle(try delivery.payload(E.self), delivery, transaction)
        }
    }
}

/// What an effect consumer does on one type of event.
public struct EffectHandler: Sendable {
    package let type: EventType
    package let topic: Topic
    package let perform: @Sendable (Delivery) async throws -> Outcome

    /// What came of an effect, written in the transaction that remembers the event.
    public typealias Outcome = @Sendable (Transaction) throws -> Void

    /// Performs an effect outside any transaction and returns what is to be recorded of it.
    ///
    /// It may run again after a crash: pass `delivery.id` on as the idempotency key.
    public static func on<E: Event>(
        _ event: E.Type, _ perform: @escaping @Sendable (E, Delivery) async throws -> Outcome
    ) -> EffectHandler {
        EffectHandler(type: E.type, topic: E.topic) { delivery in
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

    package init(_ event: LoggedEvent, attempt: Int) {
        envelope = event.envelope
        position = event.position
        self.attempt = attempt
    }

    /// The event's id, which is also the idempotency key of what its handling does outside.
    public var id: EventID { envelope.id }

    func payload<E: Event>(_ event: E.Type) throws -> E {
        do {
            return try envelope.decode(E.self)
        } catch {
            throw UnreadablePayload(type: E.type, reason: "\(error)")
        }
    }
}

/// A failure that no later try can mend; the event is parked as a dead letter at once.
public protocol PermanentFailure: Error {}

/// The payload is not of the shape that its type promises.
public struct UnreadablePayload: PermanentFailure {
    /// The type whose promise is broken.
    public let type: EventType
    /// What the decoder found, for whoever looks at the dead letter.
    public let reason: String
}
