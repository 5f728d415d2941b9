/// An event with its place in the log of the module that published it.
public struct LoggedEvent: Sendable, Hashable {
    /// Strictly increasing in commit order within one source; has gaps.
    public let position: Int64
    /// The event itself.
    public let envelope: Envelope

    /// Puts the two together.
    public init(position: Int64, envelope: Envelope) {
        self.position = position
        self.envelope = envelope
    }
}
