package import Events
package import Storage

/// The box in the middle of an event's path: takes events from relays, gives them to consumers.
///
/// Outbox, inbox, retries, dead letters and order are the same over every transport. A transport
/// may repeat events, also long ago ones, and may mix events of different keys anew; what it must
/// keep is that the first time of each event of a key comes after that of those before it.
package protocol Transport: Sendable {
    /// The name under which a relay's place is kept in the log that it carries; `nil` when the
    /// transport reads the logs itself and a relay only tells it how far they go.
    var reader: String? { get }

    /// Called once before the relay of a log begins, with the position after which it sends.
    func open(_ log: OutboxLog, after position: Int64) async throws

    /// Takes a batch, in log order: when it returns, the next one may be sent. When the shipment
    /// has arrived, too, the events reach every subscriber even if this process dies then.
    ///
    /// Whatever fails, here or on the way, is sent anew with all that came after it.
    func send(_ batch: LogBatch) async throws -> Shipment

    /// The way into one consumer.
    ///
    /// - Parameter database: the consumer's module's.
    func inflow(
        for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
    ) -> any Inflow

    /// Brings what is published elsewhere into a module's intake, until it is told to stop or the
    /// task is cancelled.
    func receive(_ topics: Set<Topic>?, into intake: Intake) async

    /// Lets what waits for a broker end soon.
    func stop()

    /// Events of a stream that the broker has and the module's intake has not taken.
    func lag(of stream: String, for module: String) -> Int64

    /// What is wrong with the way to the broker, if anything is.
    var problem: String? { get }
}

extension Transport {
    package func receive(_ topics: Set<Topic>?, into intake: Intake) async {}
    package func stop() {}
    package func lag(of stream: String, for module: String) -> Int64 { 0 }
    package var problem: String? { nil }
}

/// A batch that was sent, and is still to arrive.
package struct Shipment: Sendable {
    private let wait: @Sendable () async throws -> Void

    /// - Parameter wait: returns when the batch is there, and throws when it will not come there.
    package init(_ wait: @escaping @Sendable () async throws -> Void) { self.wait = wait }

    /// One that is there.
    package static let arrived = Shipment {}

    /// Waits until the batch is there.
    package func arrived() async throws { try await wait() }
}

/// What a consumer reads from: streams, each with offsets of its own. Within one process a stream
/// is a module's log; a broker's is a partition of a topic.
package protocol Inflow: Sendable {
    /// What its offsets count.
    var offsets: StreamOffsets { get }

    /// The streams that the consumer hears.
    ///
    /// - Throws: `StorageError` when they are kept in a database.
    var streams: [String] { get async throws }

    /// The offset up to which a stream is complete, where a consumer that starts `from: .now`
    /// begins.
    func head(of stream: String) async throws -> Int64

    /// The offset of the newest event of a stream; 0 when there is none.
    func newest(of stream: String) async throws -> Int64

    /// The offset up to which a stream's events are gone; 0 while all are kept.
    func floor(of stream: String) async throws -> Int64

    /// Keeps retention from what comes after an offset, before a consumer goes back to it.
    func hold(_ stream: String, at offset: Int64, for consumer: String) async throws

    /// The next events of a stream after the consumer's own place; `nil` when it is caught up.
    func next(of stream: String, after offset: Int64, limit: Int) async throws -> StreamBatch?
}

extension Inflow {
    package var offsets: StreamOffsets { .positions }
}

/// What the offsets of a stream count.
public enum StreamOffsets: Sendable {
    /// The stream is a module's log: positions in it.
    case positions
    /// What the module's intake received, row by row.
    case received
}

/// A contiguous piece of one log.
package struct LogBatch: Sendable {
    /// The module whose log it is.
    package let log: String
    /// There is nothing between this position and the first event.
    package let after: Int64
    package let events: [LoggedEvent]

    package init(log: String, after: Int64, events: [LoggedEvent]) {
        self.log = log
        self.after = after
        self.events = events
    }

    /// Everything up to here is in this batch or before it.
    package var upTo: Int64 { events.last?.position ?? after }
}

/// A contiguous piece of one stream.
package struct StreamBatch: Sendable {
    package let stream: String
    /// There is nothing between this offset and the first item.
    package let after: Int64
    package let items: [Item]
    /// Everything up to here is in this batch or before it.
    package let upTo: Int64

    package struct Item: Sendable {
        package let offset: Int64
        package let event: LoggedEvent

        package init(offset: Int64, event: LoggedEvent) {
            self.offset = offset
            self.event = event
        }
    }

    package init(stream: String, after: Int64, items: [Item]) {
        self.stream = stream
        self.after = after
        self.items = items
        upTo = items.last?.offset ?? after
    }

    /// A piece of a log read as a stream: offsets are positions.
    package init(log: String, after: Int64, events: [LoggedEvent]) {
        self.init(
            stream: log, after: after,
            items: events.map { Item(offset: $0.position, event: $0) })
    }
}
