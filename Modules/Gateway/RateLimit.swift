import Synchronization

/// A token bucket for each client address. A class with a `Mutex`: looked at once a request.
final class RateLimit: Sendable {
    struct Settings: Sendable {
        /// 0 for any number.
        var requestsPerSecond = 500
        var burst = 1_000
    }

    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    /// About 100 bytes each, so some 5 MiB.
    private static let bucketCountMax = 50_000

    private let settings: Settings
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ settings: Settings) { self.settings = settings }

    /// Takes a token; says how long to wait when there is none.
    func wait(for client: String?, at now: ContinuousClock.Instant) -> Duration? {
        guard settings.requestsPerSecond > 0, let client else { return nil }
        let rate = Double(settings.requestsPerSecond)
        let key = Self.network(of: client)
        return buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= Self.bucketCountMax {
                forgetFull(&buckets, at: now)
            }
            var bucket = buckets[key] ?? Bucket(tokens: Double(settings.burst), at: now)
            bucket.tokens = filled(bucket, at: now)
            bucket.at = now
            let isAllowed = bucket.tokens >= 1
            if isAllowed { bucket.tokens -= 1 }
            buckets[key] = bucket
            return isAllowed ? nil : .seconds((1 - bucket.tokens) / rate)
        }
    }

    /// Full buckets say nothing. If all are in use, all begin anew: memory matters more.
    private func forgetFull(_ buckets: inout [String: Bucket], at now: ContinuousClock.Instant) {
        buckets = buckets.filter { filled($0.value, at: now) < Double(settings.burst) }
        if buckets.count >= Self.bucketCountMax { buckets = [:] }
    }

    private func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        let seconds = (now - bucket.at) / .seconds(1)
        return min(
            Double(settings.burst), bucket.tokens + seconds * Double(settings.requestsPerSecond))
    }

    /// A subscriber has a whole /64 of IPv6 addresses.
    private static func network(of client: String) -> String {
        guard client.contains(":"), !client.contains(".") else { return client }
        let head = client.split(separator: ":", omittingEmptySubsequences: false)
        return head.prefix { !$0.isEmpty }.prefix(4).joined(separator: ":")
    }
}
