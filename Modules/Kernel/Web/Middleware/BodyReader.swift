import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a request's body within a size and a time.
enum BodyReader {
    /// What is still read and thrown away of a body that is too large, so that an honest client
    /// gets its answer instead of a reset connection.
    private static let drainByteCountMax = 8 * 1_024 * 1_024

    /// The whole body.
    ///
    /// - Throws: ``Problem`` 413, or ``BodyNotRead`` when the connection must not be used again.
    static func read(
        _ request: Request, byteCountMax: Int, until deadline: ContinuousClock.Instant
    ) async throws -> Data {
        if case .known(let byteCount) = request.declaredLength {
            if byteCount == 0 { return Data() }
            if byteCount > drainByteCountMax {
                throw BodyNotRead.tooLarge(byteCountMax: byteCountMax)
            }
        }
        return try await TimeLimit.until(deadline, orThrow: BodyNotRead.tooSlow, name: "body") {
            try await collect(request, byteCountMax: byteCountMax)
        }
    }

    /// Reads a body away; `false` when it is too large or too slow for that.
    static func drain(_ request: Request, until deadline: ContinuousClock.Instant) async -> Bool {
        if case .known(let byteCount) = request.declaredLength, byteCount > drainByteCountMax {
            return false
        }
        do {
            _ = try await read(request, byteCountMax: 0, until: deadline)
            return true
        } catch {
            return !(error is BodyNotRead)
        }
    }

    /// A client that hangs up is no failure of ours.
    private static func next(
        of chunks: inout RequestBody.AsyncIterator
    ) async throws -> ByteBuffer? {
        do {
            return try await chunks.next()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw BodyNotRead.brokenOff
        }
    }

    private static func collect(_ request: Request, byteCountMax: Int) async throws -> Data {
        var body = Data()
        var byteCount = 0
        var chunks = request.body.makeAsyncIterator()
        while let chunk = try await next(of: &chunks) {
            byteCount += chunk.readableBytes
            if byteCount <= byteCountMax {
                body.append(contentsOf: chunk.readableBytesView)
            } else if byteCount > drainByteCountMax {
                throw BodyNotRead.tooLarge(byteCountMax: byteCountMax)
            }
        }
        guard byteCount <= byteCountMax else {
            throw BodyNotRead.tooLarge(byteCountMax: byteCountMax).problem
        }
        return body
    }
}

/// A request whose body was not read to its end.
package enum BodyNotRead: Error {
    case tooSlow
    case brokenOff
    case tooLarge(byteCountMax: Int)

    package var problem: Problem {
        switch self {
        case .tooSlow:
            Problem(
                status: .requestTimeout, code: "request.timeout",
                detail: "the request did not arrive in time")
        case .brokenOff:
            Problem.badRequest("the request broke off")
        case .tooLarge(let byteCountMax):
            Problem(
                status: .contentTooLarge, code: "request.too_large",
                detail: "the body is larger than \(byteCountMax) bytes")
        }
    }
}

extension Request {
    enum DeclaredLength {
        case known(Int)
        case chunked
    }

    /// The length that the header declares; a body without one is chunked, or absent.
    var declaredLength: DeclaredLength {
        if let length = headers[.contentLength].flatMap({ Int($0) }) { return .known(length) }
        return headers[.transferEncoding] == nil ? .known(0) : .chunked
    }
}
