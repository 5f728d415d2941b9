import HTTPTypes
import Synchronization

/// A token bucket for each client address. A class with a `Mutex`: looked at once a request.
public final class RateLimit: Sendable {
    /// How much a client may do.
    public struct Settings: Sendable {
        /// How fast a bucket fills; 0 for any number.
        public var perSecond: Double
        /// How much a bucket holds.
        public var burst: Int

        /// Puts the two together.
        public init(perSecond: Double, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    /// About 100 bytes each, so some 5 MiB.
    private static let bucketCountMax = 50_000

    private let settings: Settings
    private let buckets = Mutex<[String: Bucket]>([:])

    /// Every bucket is full.
    public init(_ settings: Settings) { self.settings = settings }

    /// Takes a token; says how long to wait when there is none.
    ///
    /// - Parameter client: an address; those who have none share a bucket.
    public func wait(
        for client: String?, at now: ContinuousClock.Instant = .now
    ) -> Duration? {
        visit(client, at: now, .take)
    }

    /// Says how long to wait for a token, and takes none.
    public func shortage(
        of client: String?, at now: ContinuousClock.Instant = .now
    ) -> Duration? {
        visit(client, at: now, .look)
    }

    /// Takes a token for something that was let through, also where there is none left: of many
    /// things at a time each counts, and whoever comes next waits for longer. A bucket owes at most
    /// what it holds.
    public func charge(_ client: String?, at now: ContinuousClock.Instant = .now) {
        _ = visit(client, at: now, .owe)
    }

    private enum Visit { case look, take, owe }

    private func visit(
        _ client: String?, at now: ContinuousClock.Instant, _ visit: Visit
    ) -> Duration? {
        guard settings.perSecond > 0 else { return nil }
        let key = ClientAddress.network(of: client)
        return buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= Self.bucketCountMax {
                forgetFull(&buckets, at: now)
            }
            var bucket = buckets[key] ?? Bucket(tokens: Double(settings.burst), at: now)
            bucket.tokens = filled(bucket, at: now)
            bucket.at = now
            let isAllowed = bucket.tokens >= 1
            if visit == .owe || visit == .take && isAllowed {
                bucket.tokens = max(bucket.tokens - 1, -Double(settings.burst))
            }
            buckets[key] = bucket
            return isAllowed ? nil : .seconds((1 - bucket.tokens) / settings.perSecond)
        }
    }

    /// Full buckets say nothing. If all are in use, all begin anew: memory matters more.
    private func forgetFull(_ buckets: inout [String: Bucket], at now: ContinuousClock.Instant) {
        buckets = buckets.filter { filled($0.value, at: now) < Double(settings.burst) }
        if buckets.count >= Self.bucketCountMax { buckets = [:] }
    }

    private func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        let seconds = (now - bucket.at) / .seconds(1)
        return min(Double(settings.burst), bucket.tokens + seconds * settings.perSecond)
    }
}

extension Problem {
    /// 429 with the time after which a try makes sense.
    public static func rateLimited(_ detail: String, wait: Duration) -> Problem {
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        return Problem(
            status: .tooManyRequests, code: "request.rate_limited", detail: detail,
            headers: [.retryAfter: "\(seconds)"])
    }
}
