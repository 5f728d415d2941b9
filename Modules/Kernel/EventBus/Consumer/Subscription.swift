package import Events
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
    /// What an operator may have it hear again.
    public let replay: Replayed
    /// How patient it is unless the configuration says otherwise; `nil` for the house's patience.
    public let retry: RetryPolicy?
    /// The types that it declares twice; the registry refuses them.
    package let duplicateTypes: [EventType]
    /// The newest version that it knows of each type that it hears, by the type's name without.
    private let newest: [String: Int]

    package enum Work: Sendable {
        case transactional([EventType: Handler])
        case effect(Effects)
        case everything(@Sendable (Delivery, Transaction) throws -> Void)
    }

    package struct Effects: Sendable {
        package let handlers: [EventType: EffectHandler]
        /// How many events of different keys are in work at once.
        package let concurrency: Int
        /// How long one call may take before it counts as failed.
        package let deadline: Duration
        /// Calls that heed neither deadline nor cancellation; with so many no more are begun.
        package var strayCountMax: Int { 4 * concurrency }
    }

    /// Where a new consumer begins to read.
    public enum Start: Sendable {
        /// With the oldest event that is still kept.
        case beginning
        /// With the first event published after its first start.
        case now
    }

    /// What becomes of events that a consumer has handled and is made to hear again.
    public enum Replayed: Sendable {
        /// It is not made to: its handlers rely on hearing each event once.
        case refused
        /// Its handlers bear to hear an event twice; their state stays as it is.
        case repeated
        /// Its state is emptied by the closure, in the transaction that sends it back to the
        /// beginning, and built again. What its handlers publish meanwhile is left out.
        case rebuilt(@Sendable (Transaction) throws -> Void)
        /// Its effects are not performed again, unless the operator says so.
        case silent
    }

    /// A consumer whose handlers write to the module's database.
    public init(
        _ consumer: String, from start: Start = .beginning, replay: Replayed = .refused,
        retry: RetryPolicy? = nil, _ handlers: [Handler]
    ) {
        let (byType, duplicates) = Self.byType(handlers.map { ($0.event, $0) })
        self.init(
            consumer: consumer, start: start, replay: replay, retry: retry,
            work: .transactional(byType), duplicateTypes: duplicates)
    }

    /// A consumer whose handlers reach outside: mail, payment providers, webhooks. A replay passes
    /// it silently, unless the operator wants its effects again.
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
        let (byType, duplicates) = Self.byType(handlers.map { ($0.event, $0) })
        return Subscription(
            consumer: consumer, start: start, replay: .silent, retry: retry,
            work: .effect(
                Effects(handlers: byType, concurrency: concurrency, deadline: deadline)),
            duplicateTypes: duplicates)
    }

    /// A consumer of every event of every topic, as it was published, known or not.
    public static func everything(
        _ consumer: String, from start: Start = .beginning, replay: Replayed = .refused,
        _ handle: @escaping @Sendable (Delivery, Transaction) throws -> Void
    ) -> Subscription {
        Subscription(
            consumer: consumer, start: start, replay: replay, retry: nil,
            work: .everything(handle), duplicateTypes: [])
    }

    private init(
        consumer: String, start: Start, replay: Replayed, retry: RetryPolicy?, work: Work,
        duplicateTypes: [EventType]
    ) {
        self.consumer = consumer
        self.start = start
        self.replay = replay
        self.retry = retry
        self.work = work
        self.duplicateTypes = duplicateTypes
        newest = Self.newest(of: work)
    }

    private static func newest(of work: Work) -> [String: Int] {
        let types =
            switch work {
            case .transactional(let handlers): Set(handlers.keys)
            case .effect(let effects): Set(effects.handlers.keys)
            case .everything: Set<EventType>()
            }
        return types.reduce(into: [:]) { newest, type in
            guard let version = type.version else { return }
            newest[type.unversioned, default: 0] = max(newest[type.unversioned] ?? 0, version)
        }
    }

    /// Handlers by the types they hear: the one that each names, and the older versions of it that
    /// no other handler names.
    private static func byType<T>(
        _ handlers: [(any Event.Type, T)]
    ) -> ([EventType: T], duplicates: [EventType]) {
        var byType: [EventType: T] = [:]
        var duplicates: [EventType] = []
        for (event, handler) in handlers
        where byType.updateValue(handler, forKey: event.type) != nil {
            duplicates.append(event.type)
        }
        for (event, handler) in handlers {
            for older in event.olderVersions where byType[older.type] == nil {
                byType[older.type] = handler
            }
        }
        return (byType, duplicates)
    }
}

extension Subscription {
    /// The events that its handlers name; `nil` for everything.
    package var events: [any Event.Type]? {
        switch work {
        case .transactional(let handlers): handlers.values.map(\.event)
        case .effect(let effects): effects.handlers.values.map(\.event)
        case .everything: nil
        }
    }

    /// What it listens to, older versions included; `nil` for everything.
    package var types: Set<EventType>? {
        switch work {
        case .transactional(let handlers): Set(handlers.keys)
        case .effect(let effects): Set(effects.handlers.keys)
        case .everything: nil
        }
    }

    /// The topics that carry what it listens to; `nil` for all of them.
    package var topics: Set<Topic>? {
        events.map { events in
            Set(events.flatMap { event in [event.topic] + event.olderVersions.map { $0.topic } })
        }
    }

    package func hears(_ type: EventType) -> Bool {
        let hasHandler =
            switch work {
            case .transactional(let handlers): handlers[type] != nil
            case .effect(let effects): effects.handlers[type] != nil
            case .everything: true
            }
        return hasHandler || isRefused(type)
    }

    /// Whether it hears of events of this type to refuse them: they are for it, and this program
    /// can't handle them.
    private func isRefused(_ type: EventType) -> Bool {
        if type == UnreadableMessage.type { return true }
        guard !newest.isEmpty, let version = type.version else { return false }
        return newest[type.unversioned].map { $0 < version } ?? false
    }

    private static func refusal(of envelope: Envelope) -> any PermanentFailure {
        envelope.type == UnreadableMessage.type
            ? Unreadable(envelope) : UnknownVersion(type: envelope.type)
    }

    private static let refuseToHandle: Handle = { delivery, _ in
        throw refusal(of: delivery.envelope)
    }

    private static let refuseToPerform: Perform = { delivery in
        throw refusal(of: delivery.envelope)
    }

    /// What a transactional consumer does on a type.
    func handle(of type: EventType) -> Handle? {
        switch work {
        case .transactional(let handlers):
            if let handler = handlers[type] { return handler.handle }
        case .everything(let handle):
            if type != UnreadableMessage.type { return handle }
        case .effect: return nil
        }
        return isRefused(type) ? Self.refuseToHandle : nil
    }

    /// What an effect consumer does on a type.
    func perform(of type: EventType) -> Perform? {
        guard case .effect(let effects) = work else { return nil }
        if let handler = effects.handlers[type] { return handler.perform }
        return isRefused(type) ? Self.refuseToPerform : nil
    }

    /// What empties the consumer's state.
    var reset: (@Sendable (Transaction) throws -> Void)? {
        if case .rebuilt(let reset) = replay { reset } else { nil }
    }
}
