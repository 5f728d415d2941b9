package import Events
package import Foundation

/// A piece of one partition of a broker's topic, in the order of its offsets.
package struct ReceivedPiece: Sendable {
    /// `user.events/3`.
    package let stream: String
    package let topic: Topic
    package let items: [Item]

    package init(topic: Topic, partition: Int32, items: [Item]) {
        stream = "\(topic)/\(partition)"
        self.topic = topic
        self.items = items
    }

    private init(stream: String, topic: Topic, items: [Item]) {
        self.stream = stream
        self.topic = topic
        self.items = items
    }

    func with(_ items: [Item]) -> ReceivedPiece {
        ReceivedPiece(stream: stream, topic: topic, items: items)
    }

    /// One message.
    package struct Item: Sendable {
        /// The broker's.
        package let offset: Int64
        /// Of the message's bytes, to know it again.
        package let fingerprint: Int64
        package let envelope: Envelope
        /// The position in its publisher's log; `nil` when it is no module's event.
        package let position: Int64?

        package init(offset: Int64, fingerprint: Int64, envelope: Envelope, position: Int64?) {
            self.offset = offset
            self.fingerprint = fingerprint
            self.envelope = envelope
            self.position = position
        }

        func unreadable(_ message: UnreadableMessage) -> Item {
            Item(
                offset: offset, fingerprint: fingerprint,
                envelope: message.envelope(
                    topic: envelope.topic, id: envelope.id, time: envelope.time),
                position: nil)
        }
    }
}

/// A message that is no event: each consumer of its topic gets it as a dead letter, with its bytes.
package struct UnreadableMessage: Sendable, Codable {
    /// The type under which it lies among the events.
    package static let type: EventType = "flotilla.unreadable"
    /// The source of those that name none.
    private static let source = "urn:flotilla:unreadable"

    /// What is wrong with it.
    package let reason: String
    /// The record's key, as it came.
    package let key: Data?
    /// The record's value, as it came.
    package let value: Data
    /// The record's headers, as far as they are text.
    package let headers: [String: String]

    package init(reason: String, key: Data?, value: Data, headers: [String: String]) {
        self.reason = reason
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// - Parameter id: made from where it lies, so that it is the same at each look. It is the key,
    ///   too: no other message waits behind it.
    package func envelope(topic: Topic, id: EventID, time: Date) -> Envelope {
        Envelope(
            id: id, type: Self.type, source: Self.source, topic: topic, key: id.description,
            time: time, data: (try? FlotillaJSON.encode(self)) ?? Data("{}".utf8),
            cause: Cause(correlationID: id.description))
    }
}

/// What a consumer says of a message that is no event.
struct Unreadable: PermanentFailure, CustomStringConvertible {
    let description: String

    init(_ envelope: Envelope) {
        let message = try? FlotillaJSON.decode(
            UnreadableMessage.self, from: envelope.data)
        description = "unreadable message: \(message?.reason ?? "unknown")"
    }
}

/// The event is of a version that this program does not know of a type that its consumer hears. A
/// newer program can handle it.
struct UnknownVersion: PermanentFailure, CustomStringConvertible {
    let type: EventType
    var description: String { "this program does not know \(type)" }
}
