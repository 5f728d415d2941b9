public import Events
public import Foundation

/// An operator had a dead letter tried again.
///
/// - Source: `DeadLetters.retry`, in the transaction that makes it due.
/// - Heard by: `audit.trail`.
public struct DeadLetterRetried: Event {
    /// The wire name, stable for ever.
    public static let type: EventType = "DeadLetterRetriedEventV1"
    /// Every module's log carries what the bus does in it.
    public static let topic = Bus.topic
    /// The dead letter's own id.
    public let deadLetterID: DeadLetterID
    /// The consumer that could not handle it.
    public let consumer: String
    /// The event that it is about.
    public let eventID: EventID
    /// The type of that event.
    public let eventType: EventType
    /// The key of that event.
    public let eventKey: String
    /// Whether another payload took the place of the one that failed.
    public let isEdited: Bool
    /// That payload as JSON, at most 64 KiB.
    public let editedPayload: String?
    /// Who did it: a user's id, or `cli:` and a name on the machine.
    public let actor: String
    /// When, UTC.
    public let retriedAt: Date
    /// The consumer.
    public var key: String { consumer }

    private enum CodingKeys: String, CodingKey {
        case deadLetterID = "deadLetterId"
        case eventID = "eventId"
        case consumer, eventType, eventKey, isEdited, editedPayload, actor, retriedAt
    }
}

/// An operator discarded a dead letter: its consumer will never handle that event.
///
/// - Source: `DeadLetters.discard`, in the transaction that removes it.
/// - Heard by: `audit.trail`.
public struct DeadLetterDiscarded: Event {
    /// The wire name, stable for ever.
    public static let type: EventType = "DeadLetterDiscardedEventV1"
    /// Every module's log carries what the bus does in it.
    public static let topic = Bus.topic
    /// The dead letter's own id.
    public let deadLetterID: DeadLetterID
    /// The consumer that could not handle it.
    public let consumer: String
    /// The event that it is about.
    public let eventID: EventID
    /// The type of that event.
    public let eventType: EventType
    /// The key of that event.
    public let eventKey: String
    /// Why, in the operator's words, if they gave any.
    public let reason: String?
    /// Who did it: a user's id, or `cli:` and a name on the machine.
    public let actor: String
    /// When, UTC.
    public let discardedAt: Date
    /// The consumer.
    public var key: String { consumer }

    private enum CodingKeys: String, CodingKey {
        case deadLetterID = "deadLetterId"
        case eventID = "eventId"
        case consumer, eventType, eventKey, reason, actor, discardedAt
    }
}

/// An operator wants a consumer to hear again what it heard before.
///
/// - Source: `Replays.request`, in the transaction that asks for it.
/// - Heard by: `audit.trail`.
public struct ConsumerReplayRequested: Event {
    /// The wire name, stable for ever.
    public static let type: EventType = "ConsumerReplayRequestedEventV1"
    /// Every module's log carries what the bus does in it.
    public static let topic = Bus.topic
    /// The consumer.
    public let consumer: String
    /// Whether its state is emptied first.
    public let isRebuild: Bool
    /// Whether an effect consumer performs its effects again.
    public let withEffects: Bool
    /// Who did it: a user's id, or `cli:` and a name on the machine.
    public let actor: String
    /// When, UTC.
    public let requestedAt: Date
    /// The consumer.
    public var key: String { consumer }
}

extension Bus {
    /// Where the bus itself publishes, in every module's log.
    public static let topic: Topic = "bus.events"

    package static let events: [any Event.Type] = [
        DeadLetterRetried.self, DeadLetterDiscarded.self, ConsumerReplayRequested.self,
    ]
}
