import Foundation
import NIOHTTP1
import Synchronization
import Telemetry
import Testing
import Tracing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Tracing requests` {
    /// The values of `traceparent` and `tracestate` that came with each try.
    private final class Seen: Sendable {
        private let state = Mutex<[[String]]>([])

        var tries: [[String]] { state.withLock { $0 } }

        func add(_ head: String) -> Int {
            let lines = head.split(separator: "\r\n").filter { line in
                ["traceparent:", "tracestate:"].contains { line.lowercased().hasPrefix($0) }
            }
            return state.withLock { state in
                state.append(lines.map { String($0) })
                return state.count
            }
        }
    }

    @Test func `gives each try a span of its own below the request's, and one header`()
        async throws
    {
        let seen = Seen()
        let spans = InMemorySpanExporter()
        let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
        try await withTracer(FlotillaTracer(exporter: spans)) {
            try await RawUpstream.withUpstream { exchange in
                while let head = try await exchange.head() {
                    guard head.contains("/api/"), seen.add(head) == 1 else {
                        try await exchange.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        continue
                    }
                    try await exchange.say("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno")
                }
            } _: { upstream in
                try await withGateway(["order": upstream.url]) { gateway in
                    let answer = try await gateway.get(
                        "/api/v1/orders?secret=1",
                        headers: [
                            "traceparent": "00-\(traceID)-00f067aa0ba902b7-01",
                            "tracestate": "vendor=1",
                        ])
                    #expect(answer.status == 200)
                }
            }
        }
        let tries = spans.spans.filter { $0.kind == .client }
        #expect(tries.count == 2)
        #expect(tries.allSatisfy { $0.traceContext.traceID == traceID })
        let server = try #require(spans.spans.first { $0.kind == .server && $0.status == nil })
        #expect(tries.allSatisfy { $0.parentSpanID == server.traceContext.spanID })
        #expect(
            seen.tries.map { Set($0) }
                == tries.map {
                    ["traceparent: \($0.traceContext.traceparent)", "tracestate: vendor=1"]
                })
        #expect(tries.map { $0.status?.code } == [.error, nil])
    }
}
