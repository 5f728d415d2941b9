/// Limits of the bus.
public struct BusSettings: Sendable {
    /// Events that a relay or consumer takes at a time.
    public var batchCountMax = 100
    /// Events that an effect consumer has in hand: how far it looks past a key that is slow. So
    /// many does a relay send to a broker at a time; two such windows are on their way, and one is
    /// read.
    public var windowCountMax = 1_000
    /// The payloads of those in bytes, beyond one batch.
    public var windowByteCountMax = 8 * 1_024 * 1_024
    /// Parked events that a consumer tries again between two batches of fresh ones.
    public var retryCountMax = 8
    /// Parked events that a consumer may have; with more it takes no further ones.
    public var parkedCountMax = 100_000
    /// How long a consumer may hold its database's writer in one transaction.
    public var transactionDurationMax = Duration.milliseconds(20)
    /// How long one transactional handler may take; effects have deadlines of their own.
    public var handlerDurationMax = Duration.seconds(30)
    /// How long an effect whose deadline has passed is given to end, before it is left to itself.
    public var abandonGrace = Duration.seconds(2)
    /// The safety net behind the wake-ups: the longest time between two looks.
    public var pollInterval = Duration.seconds(1)
    /// The time to the next look after one that found something nobody had told of.
    public var pollIntervalMin = Duration.milliseconds(50)
    /// How long a lease lasts without renewal: the longest time until another process takes over
    /// from one that can't be seen to have ended is this and a third of it.
    public var leaseDuration = Duration.seconds(7)
    /// Whether this process does only what no other one is there for, as a command beside a server.
    public var isGuest = false
    /// How long published events are kept.
    public var retention = Duration.seconds(30 * 86_400)
    /// For consumers without a policy of their own.
    public var retry = RetryPolicy()
    /// Policies by consumer, before what a subscription says itself.
    public var retryByConsumer: [String: RetryPolicy] = [:]

    /// The defaults.
    public init() {}
}
