import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore

/// The body of an upstream's answer on its way to the client, as fast as the client takes it.
struct AnswerStream: Sendable {
    let response: HTTPClientResponse
    let upstream: Upstream
    let deadline: ContinuousClock.Instant

    /// Writes every chunk and the end.
    ///
    /// - Throws: whatever keeps the answer from being whole; the server then breaks the client's
    ///   connection, so that what was cut off is never taken for complete.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        let relay = ChunkRelay()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "read") { await read(into: relay) }
            group.addTask(name: "deadline") {
                try await Task.sleep(until: deadline, clock: .continuous)
                relay.finish(Mishap.tooLate)
            }
            defer {
                relay.close()
                group.cancelAll()
            }
            for try await chunk in relay { try await writer.write(chunk) }
        }
        try await writer.finish(nil)
    }

    /// Takes what there is, where an answer has no body: the connection is then used again.
    func discard() async throws {
        for try await _ in response.body {}
    }

    private func read(into relay: ChunkRelay) async {
        do {
            for try await chunk in response.body {
                guard await relay.demand() else { return }
                relay.send(chunk)
            }
            relay.finish()
        } catch {
            guard !Task.isCancelled else { return relay.finish(CancellationError()) }
            upstream.failed()
            Logger(label: "flotilla.gateway").warning(
                "answer broke off", error: error,
                metadata: ["module": "gateway", "gateway.upstream": "\(upstream.name)"])
            relay.finish(error)
        }
    }
}
