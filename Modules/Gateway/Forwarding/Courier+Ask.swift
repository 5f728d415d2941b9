import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// An upstream's answer, read to its end.
struct WholeAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: Data
}

extension Courier {
    /// A list of 100 dead letters with payloads of 64 KiB each is smaller.
    private static let answerByteCountMax = 8 << 20

    /// Sends a request whose answer the gateway itself reads.
    ///
    /// - Throws: ``Problem`` 502, 503 or 504.
    func ask(
        _ parcel: Parcel, of upstream: Upstream, until deadline: ContinuousClock.Instant
    ) async throws -> WholeAnswer {
        let response = try await send(parcel, to: upstream, until: deadline)
        return try await collect(response, from: upstream, until: deadline)
    }

    /// Reads an answer to its end.
    ///
    /// - Throws: ``Problem`` 502 or 504.
    func collect(
        _ response: HTTPClientResponse, from upstream: Upstream,
        until deadline: ContinuousClock.Instant
    ) async throws -> WholeAnswer {
        do {
            let body = try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
                group.addTask(name: "answer") {
                    try await response.body.collect(upTo: Self.answerByteCountMax)
                }
                group.addTask(name: "deadline") {
                    try await Task.sleep(until: deadline, clock: .continuous)
                    throw Mishap.tooLate
                }
                defer { group.cancelAll() }
                guard let body = try await group.next() else { throw CancellationError() }
                return body
            }
            return WholeAnswer(
                status: Int(response.status.code), headers: response.headers,
                body: Data(body.readableBytesView))
        } catch {
            guard !Task.isCancelled else { throw CancellationError() }
            upstream.failed()
            throw (error as? Mishap ?? .broken).problem(upstream: upstream.name)
        }
    }
}
