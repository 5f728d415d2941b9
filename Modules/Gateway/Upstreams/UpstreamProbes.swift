import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Asks every upstream, again and again, whether it is ready; ends the connections at shutdown.
struct UpstreamProbes: Service {
    let client: HTTPClient
    let fleet: Fleet
    let interval: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await step()
                try? await Task.sleep(for: interval)
            }
        }
        // The listener has closed before: services end in the reverse order of their start.
        try await client.shutdown()
    }

    /// One round, side by side.
    func step() async {
        await withTaskGroup(of: Void.self) { group in
            for upstream in fleet.upstreams {
                group.addTask(name: "probe \(upstream.name)") {
                    let isReady = await UpstreamProbe(upstream: upstream).isReady(client)
                    if !Task.isCancelled { upstream.probed(isReady: isReady) }
                }
            }
        }
    }
}

/// One look at an upstream's `/health/ready`.
struct UpstreamProbe: Sendable {
    /// The other side answers within 500 ms, whatever its databases do.
    private static let timeout = TimeAmount.seconds(1)

    let upstream: Upstream

    /// Whether it may be sent requests. Only "no" and silence count as no: where `/health` is on a
    /// port of its own the answer is 404, from a process that is well.
    func isReady(_ client: HTTPClient) async -> Bool {
        do {
            return try await status(client) != .serviceUnavailable
        } catch {
            return false
        }
    }

    /// - Throws: why it may not be sent requests.
    func requireReady() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tracing.tracer = nil
        let status = try await HTTPClient.withHTTPClient(
            configuration: configuration
        ) { client -> HTTPResponseStatus in
            try await self.status(client)
        }
        if status == .serviceUnavailable { throw UpstreamNotReady() }
    }

    private func status(_ client: HTTPClient) async throws -> HTTPResponseStatus {
        let request = HTTPClientRequest(url: upstream.url.description + "/health/ready")
        let response = try await client.execute(request, timeout: Self.timeout)
        // Read to its end, so that the connection can be used again.
        for try await _ in response.body {}
        return response.status
    }
}

/// An upstream answers, and says no.
struct UpstreamNotReady: Error, CustomStringConvertible {
    let description = "says that it is not ready"
}
