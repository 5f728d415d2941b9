package import Events

/// The box in the middle of an event's path: takes events from relays, gives them to consumers.
///
/// Outbox, inbox, retries, dead letters and order are the same over every transport.
package protocol Transport: Sendable {
    /// Called once before the relay of a log begins; returns the position after which it sends.
    func open(_ log: OutboxLog) async throws -> Int64

    /// Takes over a batch, in log order. When it returns, the events reach every subscriber even
    /// if this process dies now.
    func send(_ batch: LogBatch) async throws

    /// The way into one consumer.
    func inflow(for consumer: String, topics: Set<Topic>?, wake: Signal) -> any Inflow
}

/// What a consumer reads from.
package protocol Inflow: Sendable {
    /// The sources that the consumer hears.
    var sources: [String] { get async }

    /// The newest position of a source, where a consumer that starts `from: .now` begins.
    func head(of source: String) async throws -> Int64

    /// The next events of a source after the consumer's own place; `nil` when it is caught up.
    func next(of source: String, after position: Int64, limit: Int) async throws -> LogBatch?
}

/// A contiguous piece of one log.
package struct LogBatch: Sendable {
    /// The module whose log it is.
    package let source: String
    /// There is nothing between this position and the first event.
    package let after: Int64
    package let events: [LoggedEvent]

    package init(source: String, after: Int64, events: [LoggedEvent]) {
        self.source = source
        self.after = after
        self.events = events
    }

    /// Everything up to here is in this batch or before it.
    package var upTo: Int64 { events.last?.position ?? after }
}
