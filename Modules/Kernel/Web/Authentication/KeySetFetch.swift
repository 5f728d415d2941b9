import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// One look at a JWKS endpoint, within a time and a size.
///
/// Each look has a client of its own: there is one in minutes, and a name is resolved anew.
struct KeySetFetch: Sendable {
    /// A set of two keys has about 300 bytes; what is larger is something else.
    private static let byteCountMax = 64 * 1_024

    let url: String
    let timeout: Duration

    /// The usable keys of the set.
    ///
    /// - Throws: ``KeySetError``, or what the connection failed with.
    func keys() async throws -> [VerificationKey] {
        let body = try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask(name: "fetch") { try await fetch() }
            group.addTask(name: "timeout") {
                try await Task.sleep(for: timeout)
                throw KeySetError.timedOut
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() else { throw CancellationError() }
            return body
        }
        guard
            let set = try? JSONDecoder().decode(
                PublishedSet.self, from: Data(body.readableBytesView))
        else { throw KeySetError.unreadable }
        let keys = set.keys.compactMap(\.key)
        guard !keys.isEmpty else { throw KeySetError.noUsableKey }
        return keys
    }

    private func fetch() async throws -> ByteBuffer {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        // The caller's request is none of the other process's concern.
        configuration.tracing.tracer = nil
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            var request = HTTPClientRequest(url: url)
            request.headers.add(name: "Accept", value: "application/json")
            let response = try await client.execute(
                request, timeout: .nanoseconds(Int64(timeout / .nanoseconds(1))))
            guard response.status == .ok else { throw KeySetError.refused(response.status.code) }
            do {
                return try await response.body.collect(upTo: Self.byteCountMax)
            } catch is NIOTooManyBytesError {
                throw KeySetError.tooLarge
            }
        }
    }
}

/// Why a set of keys was not taken.
enum KeySetError: Error, Equatable, CustomStringConvertible {
    case refused(UInt)
    case tooLarge
    case unreadable
    case noUsableKey
    case timedOut

    var description: String {
        switch self {
        case .refused(let status): "the answer was \(status)"
        case .tooLarge: "the answer is too large"
        case .unreadable: "the answer is not a set of keys"
        case .noUsableKey: "there is no Ed25519 or P-256 key in the set"
        case .timedOut: "no answer in time"
        }
    }
}

/// RFC 7517, section 5. Keys that can't be read are passed over, as the section asks.
private struct PublishedSet: Decodable {
    struct Member: Decodable {
        let key: VerificationKey?

        init(from decoder: any Decoder) {
            key = (try? PublishedKey(from: decoder)).flatMap { VerificationKey($0) }
        }
    }

    let keys: [Member]
}
