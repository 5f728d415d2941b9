/// How often and how patiently a consumer tries an event again.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries before the event is parked as a dead letter, the first included.
    public var attemptCountMax: Int
    /// The longest wait before the second try.
    public var initialDelay: Duration
    /// The longest wait before any try.
    public var delayMax: Duration

    /// Puts the limits together.
    public init(
        attemptCountMax: Int = 8, initialDelay: Duration = .milliseconds(100),
        delayMax: Duration = .seconds(300)
    ) {
        self.attemptCountMax = attemptCountMax
        self.initialDelay = initialDelay
        self.delayMax = delayMax
    }

    /// The wait before the try after `attempts` failed ones: exponential with full jitter, which
    /// spreads the retries of many events that failed together
    /// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    ///
    /// - Parameter chance: uniform in 0..<1.
    package func delay(after attempts: Int, chance: Double) -> Duration {
        let doublings = min(max(attempts - 1, 0), 40)
        let ceiling = min(initialDelay * (1 << doublings), delayMax)
        return ceiling * chance
    }
}

extension Duration {
    /// Seconds with a fraction, for arithmetic with `Date`.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
