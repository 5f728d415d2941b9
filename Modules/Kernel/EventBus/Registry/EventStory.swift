public import Events
public import Foundation

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
    /// Its place in the publisher's log; 0 while it waits for its time.
    public let position: Int64
    /// When it will enter the log; `nil` for one that has.
    public let scheduledFor: Date?
    /// The transaction that published it; `nil` for events older than this field.
    public let transactionId: TransactionID?
    /// The other events of that transaction, in the order of their positions.
    public let publishedWith: [EventID]
    /// When it was published, UTC.
    public let time: Date
    /// Shared by everything that one request caused, over any number of events.
    public let correlationId: String
    /// The event behind this one; `nil` at the beginning of a chain.
    public let causationId: EventID?
    /// The consumer that published it while handling the event named by `causationId`.
    public let causedIn: String?
    /// How it was carried on from the log; `nil` where only what a broker brought of it is known.
    public let relay: Relayed?
    /// One for each consumer of the type, in alphabetical order.
    public let deliveries: [Delivered]
    /// The events that were published while handling this one, in the order of their times.
    public let caused: [EventStory]

    /// How an event is carried on from its log.
    public struct Relayed: Sendable, Codable {
        /// `in-process` where the consumers read the log themselves, else the broker's name.
        public let transport: String
        /// Whether it is on: with the broker, or taken in by every consumer.
        public let isTaken: Bool
        /// Tries so far, the one that succeeded included.
        public let attempts: Int
        /// What the last failure said; `nil` once it is on.
        public let error: String?
    }

    /// What became of the event at one consumer.
    public struct Delivered: Sendable, Codable {
        /// `<module>.<purpose>`.
        public let consumer: String
        /// `pending`; `handled`; `discarded` by an operator; `silent`, replayed without effect;
        /// `passed`, taken, but the record of it was dropped or never made; `elsewhere`, sent by a
        /// broker to another process, whose database would tell; or as parked: `waiting` behind an
        /// earlier one of its key, `retrying`, `dead`.
        public let state: String
        /// Its id as a dead letter while it is parked.
        public let deadLetterId: DeadLetterID?
        /// When it will be tried again.
        public let dueAt: Date?
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
