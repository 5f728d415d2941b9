public import EventBus
import Events
import Foundation
public import HTTPTypes
public import Web

/// A dead letter as the command line and the API show it.
struct DeadLetterBody: Encodable, Sendable {
    let id: DeadLetterID
    let consumer: String
    let state: String
    let attempts: Int
    let error: String?
    let parkedAt: Date
    let attemptedAt: Date?
    let dueAt: Date?
    let waitingCount: Int
    let eventId: EventID
    let type: EventType
    let topic: Topic
    let key: String
    let publisher: String
    let position: Int64
    let occurredAt: Date
    let correlationId: String
    let causationId: EventID?
    let payload: JSONValue
    /// As it was published, when it was edited since.
    let originalPayload: JSONValue?

    init(_ letter: DeadLetter) {
        let envelope = letter.event.envelope
        id = letter.id
        consumer = letter.consumer
        state = letter.state
        attempts = letter.attempts
        error = letter.error
        parkedAt = letter.parkedAt
        attemptedAt = letter.attemptedAt
        dueAt = letter.dueAt
        waitingCount = letter.waitingCount
        eventId = envelope.id
        type = envelope.type
        topic = envelope.topic
        key = envelope.key
        publisher = letter.event.log
        position = letter.event.position
        occurredAt = envelope.time
        correlationId = envelope.cause.correlationID
        causationId = envelope.cause.causationID
        payload = JSONValue(showing: envelope.data)
        originalPayload = letter.originalData.map { JSONValue(showing: $0) }
    }
}

extension JSONValue {
    /// A payload to look at; one that is no JSON is shown as text.
    init(showing data: Data) {
        self = (try? JSONValue(parsing: data)) ?? .string(String(decoding: data, as: UTF8.self))
    }
}

extension DeadLetterError: Refusal {
    /// What operators are told, over HTTP and on the command line.
    public var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .notFound:
            ("dead_letter.not_found", .notFound, "there is no such dead letter")
        case .ambiguous(let consumers):
            (
                "dead_letter.ambiguous", .conflict,
                "this event is parked at \(consumers.joined(separator: " and ")); name the dead"
                    + " letter's own id, or the consumer"
            )
        case .noSuchConsumer(let consumer):
            ("consumer.not_found", .notFound, "there is no consumer \(consumer) here")
        case .unknownType(let type):
            (
                "dead_letter.unknown_type", .unprocessableContent,
                "this program does not know \(type), so its payload can't be checked"
            )
        case .unreadablePayload(let type, _):
            (
                "dead_letter.unreadable_payload", .unprocessableContent,
                "the payload is not of the shape of \(type)"
            )
        case .payloadTooLarge(let byteCount):
            (
                "dead_letter.payload_too_large", .contentTooLarge,
                "the payload has \(byteCount) bytes; \(DeadLetters.payloadByteCountMax) are allowed"
            )
        case .otherKey(let key):
            (
                "dead_letter.other_key", .unprocessableContent,
                "the payload must belong to the same key, \(key)"
            )
        }
    }
}

extension ReplayError: Refusal {
    /// What operators are told, over HTTP and on the command line.
    public var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .noSuchConsumer(let consumer):
            ("consumer.not_found", .notFound, "there is no consumer \(consumer) here")
        case .refused(let consumer):
            (
                "replay.refused", .conflict,
                "\(consumer) relies on hearing each event once: its module declares no replay"
            )
        case .goingOn(let consumer):
            (
                "replay.going_on", .conflict,
                "\(consumer) is being replayed; only a replay from the beginning can take its"
                    + " place"
            )
        case .noSuchEvent(let id):
            (
                "replay.no_such_event", .unprocessableContent,
                "no log that the consumer hears has an event \(id)"
            )
        case .eventsDropped(let log, let position):
            (
                "replay.events_dropped", .conflict,
                "the log of \(log) begins after position \(position), so the state can't be built"
                    + " anew; to redeliver what is kept onto the present state, say from when"
            )
        }
    }
}
