package import Foundation
package import Logging
import Synchronization

/// What the bus's parts share: limits, time, chance, and the word to stop. Tests replace each.
package final class BusEnvironment: Sendable {
    package let settings: BusSettings
    package let clock: any Clock<Duration>
    package let now: @Sendable () -> Date
    /// Uniform in 0..<1.
    package let chance: @Sendable () -> Double
    private let stopping = Atomic(false)

    package init(
        settings: BusSettings = BusSettings(),
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() },
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.settings = settings
        self.clock = clock
        self.now = now
        self.chance = chance
    }

    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    package func stop() { stopping.store(true, ordering: .releasing) }

    package func logger(module: String) -> Logger {
        var logger = Logger(label: "flotilla.bus")
        logger[metadataKey: "module"] = "\(module)"
        return logger
    }
}

/// Limits of the bus.
public struct BusSettings: Sendable {
    /// Events that a relay or consumer takes at a time.
    public var batchCountMax = 100
    /// Parked events that a consumer tries again between two batches of fresh ones.
    public var retryCountMax = 8
    /// How long a consumer may hold its database's writer in one transaction.
    public var transactionDurationMax = Duration.milliseconds(20)
    /// The safety net behind the wake-ups.
    public var pollInterval = Duration.seconds(1)
    /// For consumers without a policy of their own.
    public var retry = RetryPolicy()
    /// Policies by consumer.
    public var retryByConsumer: [String: RetryPolicy] = [:]

    /// The defaults.
    public init() {}

    func retry(for consumer: String) -> RetryPolicy { retryByConsumer[consumer] ?? retry }
}
