package import Foundation

/// An event with its place in the log that it was published to.
public struct LoggedEvent: Sendable, Hashable {
    /// The log that counts the positions: the publishing module's name.
    public let log: String
    /// Strictly increasing in commit order within one log; has gaps.
    public let position: Int64
    /// The event itself.
    public let envelope: Envelope

    /// Puts the three together.
    public init(log: String, position: Int64, envelope: Envelope) {
        self.log = log
        self.position = position
        self.envelope = envelope
    }

    /// The same event with another payload, as an operator edits a dead letter.
    package func with(data: Data?) -> LoggedEvent {
        guard let data, data != envelope.data else { return self }
        return LoggedEvent(log: log, position: position, envelope: envelope.with(data: data))
    }
}
