import Foundation
import Logging
public import ServiceLifecycle

/// The public keys of the process that signs access tokens, fetched from its JWKS endpoint.
///
/// They are fetched in the background, and fetched again at once when a token names a key that is
/// not among them. The last good ones stay in use for as long as the other process is away.
/// An actor, because a fetch suspends and all who need it share one.
public actor RemoteKeys: Service {
    /// Where the keys are, and how often they are asked for.
    public struct Settings: Sendable {
        /// Where the set is: `http://user:8080/.well-known/jwks.json`.
        public var url: String
        /// A key that was taken out of the set is refused after this long.
        public var refreshInterval = Duration.seconds(300)
        /// The least time between two fetches for unknown keys: forged tokens name any number of
        /// them, and must not become load on the other process.
        public var unknownKeyInterval = Duration.seconds(10)
        /// For one fetch, from the connection to the last byte.
        public var timeout = Duration.seconds(5)
        /// The wait after a first failure; it doubles up to ``retryDelayMax``.
        public var retryDelay = Duration.seconds(1)
        /// The longest wait after failures.
        public var retryDelayMax = Duration.seconds(30)

        /// The defaults, for one place.
        public init(url: String) { self.url = url }
    }

    private let settings: Settings
    private let logger = Logger(label: "flotilla.keys")
    private var ring: KeyRing?
    private var failureCount = 0
    private var fetchedAt: ContinuousClock.Instant?
    private var isFetching = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Nothing is fetched yet.
    public init(settings: Settings) { self.settings = settings }

    /// Keeps the keys fresh until graceful shutdown.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.refresh()
                try? await Task.sleep(for: self.pause)
            }
        }
    }

    /// Looks once, and keeps nothing.
    ///
    /// - Throws: what is wrong with the connection or the answer.
    public func check() async throws { _ = try await fetch.keys() }

    /// - Throws: ``Problem`` 503 while there are no keys at all, so that nobody is logged out
    ///   because the process that knows them is away.
    func entry(for kid: String) async throws -> KeyRing.Entry? {
        guard let ring else {
            throw Problem.unavailable(
                "access tokens can't be checked yet", retryAfterSeconds: 2)
        }
        if let entry = ring[kid] { return entry }
        if isFetching || isUnknownKeyWorthAFetch { await refresh() }
        return self.ring?[kid]
    }

    private var fetch: KeySetFetch { KeySetFetch(url: settings.url, timeout: settings.timeout) }

    private var isUnknownKeyWorthAFetch: Bool {
        fetchedAt.map { .now - $0 >= settings.unknownKeyInterval } ?? true
    }

    /// Until the next fetch in the background.
    private var pause: Duration {
        guard failureCount > 0 else { return settings.refreshInterval }
        // 2^10 s is beyond any maximum that makes sense, and far from overflow.
        return min(settings.retryDelay * (1 << min(failureCount - 1, 10)), settings.retryDelayMax)
    }

    /// Fetches, or waits for the fetch that is under way.
    package func refresh() async {
        guard !isFetching else {
            return await withCheckedContinuation { waiting.append($0) }
        }
        isFetching = true
        fetchedAt = .now
        do {
            ring = try await KeyRing(fetch.keys())
            if failureCount > 0 { logger.notice("keys are there", metadata: ["module": "web"]) }
            failureCount = 0
        } catch  where Task.isCancelled {
            // Whoever asked has gone; that says nothing about the keys.
            fetchedAt = nil
        } catch {
            failureCount += 1
            // The first of a row; the others say nothing new.
            if failureCount == 1 {
                logger.warning(
                    "keys can't be fetched", error: error,
                    metadata: ["module": "web", "keys.are_known": "\(ring != nil)"])
            }
        }
        isFetching = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
