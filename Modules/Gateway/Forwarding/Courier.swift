import AsyncHTTPClient
import Foundation
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Telemetry
import Tracing
import Web

/// Sends requests to upstreams: each try with a span of its own, further tries where they are safe.
struct Courier: Sendable {
    /// A request as an upstream is to get it.
    struct Parcel: Sendable {
        var method: HTTPMethod
        /// Path and query, as the client wrote them.
        var target: String
        var headers: HTTPHeaders
        var body = Body.none

        /// RFC 9110, section 9.2.2, without PUT and DELETE: those have bodies, or effects that a
        /// lost answer hides.
        var isRepeatable: Bool {
            guard case .none = body else { return false }
            return [.GET, .HEAD, .OPTIONS].contains(method)
        }
    }

    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// As the client sends it; can be sent once.
        case stream(ChunkRelay, byteCount: Int?)
    }

    /// The longest wait before the second try; it doubles from try to try.
    private static let retryDelay = Duration.milliseconds(50)

    let client: HTTPClient
    let settings: GatewaySettings

    /// The upstream's answer, whatever its status; its body is still to come.
    ///
    /// - Throws: ``Problem`` 502, 503 or 504; what the client's own body failed with.
    func send(
        _ parcel: Parcel, to upstream: Upstream, until deadline: ContinuousClock.Instant
    ) async throws -> HTTPClientResponse {
        var tryCount = 0
        while true {
            try upstream.admit()
            let result = await oneTry(parcel, to: upstream, number: tryCount, until: deadline)
            try settle(result, of: parcel, upstream: upstream)
            let mayFollow = tryCount < settings.retryCountMax && isWorthAnother(result, parcel)
            let delay = Self.retryDelay * (1 << min(tryCount, 10)) * Double.random(in: 0.5...1)
            guard mayFollow, .now + delay < deadline else {
                if tryCount > 0 { countRetry(of: upstream, outcome: result) }
                return try answer(of: result, parcel: parcel, upstream: upstream)
            }
            tryCount += 1
            try await Task.sleep(for: delay)
        }
    }

    /// Tells the circuit what a try means for it.
    ///
    /// - Throws: what ended the request from the client's side.
    private func settle(
        _ result: Result<HTTPClientResponse, any Error>, of parcel: Parcel, upstream: Upstream
    ) throws {
        switch result {
        case .success(let response) where [502, 504].contains(response.status.code):
            upstream.failed()
        case .success:
            upstream.succeeded()
        case .failure(let error):
            guard !Task.isCancelled else {
                upstream.abandoned()
                throw CancellationError()
            }
            if case .stream(let relay, _) = parcel.body {
                if let failure = relay.failure {
                    upstream.abandoned()
                    throw failure
                }
                if Mishap(error) == .tooLate, relay.isWaiting {
                    // It was the client that was slow.
                    upstream.abandoned()
                    throw BodyNotRead.tooSlow
                }
            }
            if Mishap(error) == .notSendable { upstream.abandoned() } else { upstream.failed() }
        }
    }

    private func isWorthAnother(
        _ result: Result<HTTPClientResponse, any Error>, _ parcel: Parcel
    ) -> Bool {
        switch result {
        case .success(let response):
            return parcel.isRepeatable && [502, 503, 504].contains(response.status.code)
        case .failure(let error):
            switch Mishap(error) {
            case .notConnected:
                guard case .stream(let relay, _) = parcel.body else { return true }
                return !relay.wasAsked
            case .broken: return parcel.isRepeatable
            // The time is spent, and the upstream has as much to do as it can.
            case .tooLate, .notSendable: return false
            }
        }
    }

    private func answer(
        of result: Result<HTTPClientResponse, any Error>, parcel: Parcel, upstream: Upstream
    ) throws -> HTTPClientResponse {
        switch result {
        case .success(let response):
            return response
        case .failure(let error):
            Logger(label: "flotilla.gateway").warning(
                "no answer", error: error,
                metadata: ["module": "gateway", "gateway.upstream": "\(upstream.name)"])
            throw Mishap(error).problem(upstream: upstream.name)
        }
    }

    private func countRetry(
        of upstream: Upstream, outcome: Result<HTTPClientResponse, any Error>
    ) {
        let isGood =
            switch outcome {
            case .success(let response): response.status.code < 500
            case .failure: false
            }
        Counter(
            label: "flotilla.gateway.retries",
            dimensions: [
                ("upstream", upstream.name), ("outcome", isGood ? "succeeded" : "failed"),
            ]
        ).increment()
    }
}

// MARK: - One try

extension Courier {
    private func oneTry(
        _ parcel: Parcel, to upstream: Upstream, number: Int,
        until deadline: ContinuousClock.Instant
    ) async -> Result<HTTPClientResponse, any Error> {
        let start = ContinuousClock.now
        let span = startSpan(of: parcel, to: upstream, number: number)
        defer { span.end() }
        var request = HTTPClientRequest(url: upstream.url.description + parcel.target)
        request.method = parcel.method
        request.headers = parcel.headers
        if let traceparent = span.context.traceContext?.traceparent {
            request.headers.replaceOrAdd(name: "traceparent", value: traceparent)
        }
        switch parcel.body {
        case .none: break
        case .bytes(let buffer): request.body = .bytes(buffer)
        case .stream(let relay, let byteCount):
            request.body = .stream(
                relay, length: byteCount.map { .known(Int64($0)) } ?? .unknown)
        }
        let time = min(deadline - start, settings.responseTimeout)
        do {
            let response = try await client.execute(
                request, deadline: .now() + .nanoseconds(Int64(time / .nanoseconds(1))))
            span.attributes["http.response.status_code"] = Int(response.status.code)
            if response.status.code >= 400 { span.setStatus(.init(code: .error)) }
            record(parcel, upstream, since: start, status: "\(response.status.code)")
            return .success(response)
        } catch {
            let label = Mishap(error).label
            span.attributes["error.type"] = label
            span.setStatus(.init(code: .error))
            record(parcel, upstream, since: start, error: label)
            return .failure(error)
        }
    }

    private func startSpan(of parcel: Parcel, to upstream: Upstream, number: Int) -> any Span {
        let span = InstrumentationSystem.tracer.startSpan(
            parcel.method.rawValue, context: .current ?? .topLevel, ofKind: .client)
        span.attributes["http.request.method"] = parcel.method.rawValue
        span.attributes["server.address"] = upstream.url.host
        span.attributes["url.scheme"] = upstream.url.scheme
        span.attributes["flotilla.upstream"] = upstream.name
        if number > 0 { span.attributes["http.request.resend_count"] = number }
        return span
    }

    private func record(
        _ parcel: Parcel, _ upstream: Upstream, since start: ContinuousClock.Instant,
        status: String = "", error: String = ""
    ) {
        Metrics.Timer(
            label: "http.client.request.duration",
            dimensions: [
                ("http.request.method", KnownMethod.label(of: parcel.method.rawValue)),
                ("server.address", upstream.name), ("http.response.status_code", status),
                ("error.type", error),
            ]
        ).recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
    }
}
