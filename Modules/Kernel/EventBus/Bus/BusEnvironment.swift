package import Foundation
package import Logging
import Synchronization

/// What the bus's parts share: limits, time, chance, and the word to stop. Tests replace each.
package final class BusEnvironment: Sendable {
    package let settings: BusSettings
    package let clock: any Clock<Duration>
    package let now: @Sendable () -> Date
    /// Time since some beginning, which never goes back.
    package let uptime: @Sendable () -> Duration
    /// Uniform in 0..<1.
    package let chance: @Sendable () -> Double
    /// Where tasks run that outlive their call; `nil` for Swift's own threads.
    package let executor: (any TaskExecutor)?
    /// The name under which this bus holds leases.
    package let holder: String
    /// Whether another holder is known to have ended.
    package let isHolderGone: @Sendable (String) -> Bool
    private let makeLogger: @Sendable (String) -> Logger
    private let stopping = Atomic(false)

    package init(
        settings: BusSettings = BusSettings(),
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() },
        uptime: (@Sendable () -> Duration)? = nil,
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        executor: (any TaskExecutor)? = nil,
        holder: String? = nil,
        isHolderGone: (@Sendable (String) -> Bool)? = nil,
        makeLogger: @escaping @Sendable (String) -> Logger = { Logger(label: $0) }
    ) {
        self.settings = settings
        self.clock = clock
        self.now = now
        let start = ContinuousClock.now
        self.uptime = uptime ?? { ContinuousClock.now - start }
        self.chance = chance
        self.executor = executor
        self.makeLogger = makeLogger
        // Two buses of one process are two holders.
        self.holder = holder ?? "\(ProcessIdentity.current)/\(UUID().uuidString.lowercased())"
        self.isHolderGone = isHolderGone ?? { ProcessIdentity.isGone($0) }
    }

    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    package func stop() { stopping.store(true, ordering: .releasing) }

    package func logger(module: String) -> Logger {
        var logger = makeLogger("flotilla.bus")
        logger[metadataKey: "module"] = "\(module)"
        return logger
    }
}
