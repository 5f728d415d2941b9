public import Foundation

/// An event as it travels: CloudEvents 1.0 attributes around the encoded payload.
///
/// The same values lie in the outbox, on the wire and in the audit trail. Attributes beyond the
/// specification are extensions: `topic` names the stream, and the correlation and trace fields
/// say what an event belongs to.
public struct Envelope: Sendable, Hashable {
    /// CloudEvents `id`; unique in all sources.
    public var id: EventID { content.id }
    /// CloudEvents `type`.
    public var type: EventType { content.type }
    /// CloudEvents `source`: the publishing module, `/flotilla/user`.
    public var source: String { content.source }
    /// The stream that it was published to.
    public var topic: Topic { content.topic }
    /// CloudEvents `subject`: the key that orders and partitions events.
    public var key: String { content.key }
    /// CloudEvents `time`: when it was published, UTC.
    public var time: Date { content.time }
    /// The payload: one JSON value.
    public var data: Data { content.data }
    /// What it belongs to and what caused it.
    public var cause: Cause { content.cause }

    /// CloudEvents `specversion`.
    public static let specificationVersion = "1.0"
    /// CloudEvents `datacontenttype`.
    public static let contentType = "application/json"

    /// In an object, so that handing an envelope on counts one reference instead of ten.
    private let content: Content

    /// Puts the attributes together.
    public init(
        id: EventID, type: EventType, source: String, topic: Topic, key: String, time: Date,
        data: Data, cause: Cause
    ) {
        content = Content(
            id: id, type: type, source: source, topic: topic, key: key, time: time, data: data,
            cause: cause)
    }

    /// The same attributes around another payload.
    package func with(data: Data) -> Envelope {
        Envelope(
            id: id, type: type, source: source, topic: topic, key: key, time: time, data: data,
            cause: cause)
    }

    /// Whether all attributes are the same.
    public static func == (left: Envelope, right: Envelope) -> Bool {
        left.content === right.content
            || (left.id == right.id && left.type == right.type && left.source == right.source
                && left.topic == right.topic && left.key == right.key && left.time == right.time
                && left.data == right.data && left.cause == right.cause)
    }

    /// By the id, which is another one for each event.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }

    private final class Content: Sendable {
        let id: EventID
        let type: EventType
        let source: String
        let topic: Topic
        let key: String
        let time: Date
        let data: Data
        let cause: Cause

        init(
            id: EventID, type: EventType, source: String, topic: Topic, key: String, time: Date,
            data: Data, cause: Cause
        ) {
            self.id = id
            self.type = type
            self.source = source
            self.topic = topic
            self.key = key
            self.time = time
            self.data = data
            self.cause = cause
        }
    }
}

/// Why an event exists: the request or event behind it, and the trace that it belongs to.
public struct Cause: Sendable, Hashable {
    /// Shared by everything that one request causes, over any number of events.
    public var correlationID: String
    /// The event that was being handled, if one was.
    public var causationID: EventID?
    /// The consumer that was handling it.
    public var consumer: String?
    /// The HTTP request at the beginning, if there was one.
    public var requestID: String?
    /// W3C trace context of the span that published the event.
    public var traceparent: String?
    /// The transaction that published it; shared by all events of that transaction.
    public var transactionID: TransactionID?

    /// Puts the fields together.
    public init(
        correlationID: String, causationID: EventID? = nil, consumer: String? = nil,
        requestID: String? = nil, traceparent: String? = nil,
        transactionID: TransactionID? = nil
    ) {
        self.correlationID = correlationID
        self.causationID = causationID
        self.consumer = consumer
        self.requestID = requestID
        self.traceparent = traceparent
        self.transactionID = transactionID
    }
}
