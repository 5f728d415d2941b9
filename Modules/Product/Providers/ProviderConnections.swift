import AsyncHTTPClient
import NIOCore
import ServiceLifecycle
import Synchronization

/// The connections to all providers, opened with the first request and closed at shutdown.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
final class ProviderConnections: Service {
    private enum State {
        case unused
        case open(HTTPClient)
        case closed
    }

    private let connectionCountMax: Int
    private let state = Mutex(State.unused)

    /// - Parameter connectionCountMax: how many a provider is given.
    init(connectionCountMax: Int) { self.connectionCountMax = connectionCountMax }

    /// - Throws: ``ProviderFailure/closed``.
    func client() throws(ProviderFailure) -> HTTPClient {
        let client = state.withLock { state -> HTTPClient? in
            switch state {
            case .open(let client): return client
            case .closed: return nil
            case .unused:
                let client = HTTPClient(
                    eventLoopGroupProvider: .singleton, configuration: configuration)
                state = .open(client)
                return client
            }
        }
        guard let client else { throw .closed }
        return client
    }

    func run() async throws {
        try? await gracefulShutdown()
        // The listener has closed before: services end in the reverse order of their start.
        try await close()
    }

    /// Ends all connections; none is opened any more.
    func close() async throws {
        let client = state.withLock { state -> HTTPClient? in
            defer { state = .closed }
            if case .open(let client) = state { return client }
            return nil
        }
        try await client?.shutdown()
    }

    private var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // Where a request goes, the configuration says, and no provider.
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            connectionCountMax
        configuration.connectionPool.retryConnectionEstablishment = false
        // A name is resolved for each new connection: an old address is not used for long.
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Our callers' traces are none of a provider's concern.
        configuration.tracing.tracer = nil
        return configuration
    }
}
