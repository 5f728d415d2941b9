import EventBus
import Events
import Foundation

/// A consumer as the command line and the API show it.
struct ConsumerBody: Encodable, Sendable {
    struct Stream: Encodable, Sendable {
        let stream: String
        let position: Int64
        let head: Int64
    }

    struct Overdue: Encodable, Sendable {
        let eventId: EventID
        let type: EventType
        let seconds: Double
    }

    let consumer: String
    let module: String
    let standing: String
    let streams: [Stream]
    let backlogEvents: Int64
    let backlogSeconds: Double
    let retrying: Int
    let waiting: Int
    let dead: Int
    let overdueHandlers: [Overdue]

    init(_ status: Bus.ConsumerStatus) {
        consumer = status.consumer
        module = status.module
        standing = status.standing.name
        streams = status.streams.map {
            Stream(stream: $0.stream, position: $0.position, head: $0.head)
        }
        backlogEvents = status.backlogEventCount
        backlogSeconds = status.backlogSeconds
        retrying = status.retryingCount
        waiting = status.waitingCount
        dead = status.deadCount
        overdueHandlers = status.overdue.map {
            Overdue(eventId: $0.eventID, type: $0.type, seconds: $0.seconds)
        }
    }
}
