import NIOHTTP1
import Testing
import Web

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Limiting rates` {
    private let start = ContinuousClock.now

    @Test func `lets a burst through, and then so many a second`() throws {
        let limit = RateLimit(.init(perSecond: 10, burst: 3))
        for _ in 1...3 { #expect(limit.wait(for: "192.0.2.1", at: start) == nil) }
        let wait = try #require(limit.wait(for: "192.0.2.1", at: start))
        #expect(wait <= .milliseconds(100))
        #expect(limit.wait(for: "192.0.2.1", at: start + .milliseconds(101)) == nil)
        #expect(limit.wait(for: "192.0.2.1", at: start + .milliseconds(102)) != nil)
    }

    @Test func `counts each address for itself, and an IPv6 network as one`() {
        let limit = RateLimit(.init(perSecond: 1, burst: 1))
        #expect(limit.wait(for: "192.0.2.1", at: start) == nil)
        #expect(limit.wait(for: "192.0.2.2", at: start) == nil)
        #expect(limit.wait(for: "192.0.2.1", at: start) != nil)
        #expect(limit.wait(for: "2001:db8:1:2::1", at: start) == nil)
        #expect(limit.wait(for: "2001:db8:1:2:aaaa:bbbb:cccc:dddd", at: start) != nil)
        #expect(limit.wait(for: "2001:db8:1:3::1", at: start) == nil)
    }

    @Test func `is off at zero`() {
        let limit = RateLimit(.init(perSecond: 0, burst: 1))
        for _ in 1...100 { #expect(limit.wait(for: "192.0.2.1", at: start) == nil) }
    }

    @Test func `answers 429 with a time to come back, and leaves the probes alone`() async throws {
        try await RawUpstream.withUpstream { exchange in
            try await exchange.answerAll("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { upstream in
            try await withGateway(
                ["order": upstream.url],
                flags: ["rateLimit.requests": "1", "rateLimit.burst": "2"]
            ) { gateway in
                let first = try await gateway.get("/api/v1/orders")
                #expect(first.status == 200)
                // As many at once as no machine takes seconds for.
                let answers = try await withThrowingTaskGroup(of: GatewayAnswer.self) { group in
                    for _ in 1...20 { group.addTask { try await gateway.get("/api/v1/orders") } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let answer = try #require(answers.first { $0.status == 429 })
                #expect(answer.isProblem)
                #expect(answer.headers.first(name: "Retry-After") == "1")
                let probe = try await gateway.get("/health/live")
                #expect(probe.status == 200)
            }
        }
    }
}
