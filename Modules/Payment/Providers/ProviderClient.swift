import AsyncHTTPClient
import ServiceLifecycle
import Synchronization

/// The connections to a provider: made at the first call, ended at shutdown.
///
/// A class around a `Mutex`: a module that is only described makes no client, which would have to
/// be shut down.
final class ProviderClient: Service {
    private let client = Mutex<HTTPClient?>(nil)

    /// The client, for one call.
    func get() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            var configuration = HTTPClient.Configuration()
            configuration.redirectConfiguration = .disallow
            // A payment is never sent a second time behind its caller's back.
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.tracing.tracer = nil
            let made = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: configuration)
            client = made
            return made
        }
    }

    /// Waits for graceful shutdown, then ends the connections.
    func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    /// Ends the connections; the next call makes new ones.
    func shutdown() async throws {
        let client = client.withLock { client in
            defer { client = nil }
            return client
        }
        try await client?.shutdown()
    }
}
