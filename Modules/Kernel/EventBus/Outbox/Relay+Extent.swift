import Logging
import Storage
import Synchronization

extension Relay {
    /// Transactions that write the log mostly end within the first of these times; for one that
    /// does not, the looks become rarer.
    private static let settlingIntervals = Duration.milliseconds(2)...Duration.milliseconds(128)

    /// How long to wait for transactions that write the log, before the next look at them.
    func untilSettled(_ extent: Watermark.Extent, hasNews: Bool) -> Duration {
        let (wait, since) = settling.withLock { settling in
            if extent.isSettled || hasNews { settling = nil }
            guard !extent.isSettled else { return (Duration.seconds(3_600), Duration?.none) }
            let now = environment.uptime()
            let shortest = Self.settlingIntervals.lowerBound
            let wait = settling.map { min($0.wait * 2, Self.settlingIntervals.upperBound) }
            let since = settling?.since ?? now
            settling = Settling(since: since, wait: wait ?? shortest)
            return (wait ?? shortest, now - since)
        }
        if let since, since > Self.patience { tellOfDelay(since) }
        return wait
    }

    /// An open transaction holds up a log; longer than this, somebody should look at it.
    private static let patience = Duration.seconds(10)

    private func tellOfDelay(_ duration: Duration) {
        let isNew = toldAt.withLock { toldAt in
            let now = environment.uptime()
            if let last = toldAt, now - last < Self.patience * 6 { return false }
            toldAt = now
            return true
        }
        guard isNew else { return }
        logger.warning(
            "log held up by an open transaction that writes it",
            metadata: ["duration_ms": "\(Int(duration / .milliseconds(1)))"])
    }

    struct Settling {
        let since: Duration
        let wait: Duration
    }

    /// How far the log is complete.
    func extent() async throws -> Watermark.Extent {
        guard log.database.dialect == .postgresql else {
            return Watermark.Extent(position: .max, isSettled: true)
        }
        let look = try await log.look()
        let seen = watermark.safe
        if look.position < seen {
            // The server in front of us is another one, which has not got all that this one had.
            logger.error(
                "the log went back; positions go on above those that were seen",
                metadata: ["position": "\(look.position)", "seen": "\(seen)"])
            _ = try await log.skip(past: seen)
            throw LogWentBack(log: log.module)
        }
        let end = partitionsEnd.withLock { $0 }
        if end - look.position < OutboxLog.reserveMin {
            let end = try await log.ensurePartitions(at: environment.now())
            partitionsEnd.withLock { $0 = end }
        }
        return watermark.see(look)
    }
}

/// A log ended before positions that were given out: the server lost them in a failover.
struct LogWentBack: Error {
    let log: String
}
