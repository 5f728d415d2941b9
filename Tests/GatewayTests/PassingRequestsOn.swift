import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Passing requests on` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// An upstream that answers with the head that it was sent.
    private static func echo(_ exchange: inout RawUpstream.Exchange) async throws {
        while let head = try await exchange.head() {
            try await exchange.say(
                "HTTP/1.1 200 OK\r\nContent-Length: \(head.utf8.count)\r\n\r\n\(head)")
        }
    }

    private static func named(_ name: String)
        -> @Sendable (
            inout RawUpstream.Exchange
        ) async throws -> Void
    {
        {
            try await $0.answerAll(
                "HTTP/1.1 200 OK\r\nContent-Length: \(name.count)\r\n\r\n\(name)")
        }
    }

    private static func values(_ name: String, in head: String) -> [String] {
        head.split(separator: "\r\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            return parts[1].trimmingCharacters(in: .whitespaces)
        }
    }

    @Test func `leads each path to the process of its module, the most literal one first`()
        async throws
    {
        try await RawUpstream.withUpstream(script: Self.named("order")) { order in
            try await RawUpstream.withUpstream(script: Self.named("user")) { user in
                try await RawUpstream.withUpstream(script: Self.named("search")) { search in
                    try await withGateway([
                        "order": order.url, "user": user.url, "search": search.url,
                    ]) { gateway in
                        #expect(try await gateway.get("/api/v1/orders").text == "order")
                        #expect(try await gateway.get("/api/v1/orders/7?a=b").text == "order")
                        #expect(try await gateway.get("/api/v1/users/me").text == "user")
                        #expect(try await gateway.get("/api/v1/users/7").text == "search")
                        #expect(try await gateway.send(.DELETE, "/api/v1/orders").text == "order")
                        for path in ["/", "/api/v1/order", "/api/v1/orders/7/8", "/api/v1/ordersx"]
                        {
                            let answer = try await gateway.get(path)
                            #expect(answer.status == 404)
                            #expect(answer.isProblem)
                        }
                    }
                }
            }
        }
    }

    @Test func `answers 503 and names the module when no upstream is configured`() async throws {
        try await withGateway([:]) { gateway in
            let answer = try await gateway.get("/api/v1/orders")
            #expect(answer.status == 503)
            #expect(answer.isProblem)
            #expect((answer.json["detail"] as? String)?.contains("order") == true)
            #expect(answer.headers.first(name: "Retry-After") != nil)
        }
    }

    @Test func `keeps the target, the fields and the token as the client sent them`() async throws {
        try await RawUpstream.withUpstream(script: Self.echo) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let head = try await gateway.get(
                    "/api/v1/orders/a%2Fb?q=a%20b&c=%C3%A9&d",
                    headers: [
                        "Authorization": "Bearer a.b.c", "Idempotency-Key": "k-1",
                        "Accept-Language": "de", "X-Many": "1", "x-many": "2",
                    ]
                ).text
                #expect(head.hasPrefix("GET /api/v1/orders/a%2Fb?q=a%20b&c=%C3%A9&d HTTP/1.1\r\n"))
                #expect(Self.values("Authorization", in: head) == ["Bearer a.b.c"])
                #expect(Self.values("Idempotency-Key", in: head) == ["k-1"])
                #expect(Self.values("X-Many", in: head) == ["1", "2"])
                #expect(Self.values("Host", in: head) == ["127.0.0.1:\(upstream.port)"])
                #expect(Self.values("Via", in: head) == ["1.1 flotilla-gateway"])
            }
        }
    }

    @Test func `sends one request id along, the client's or a new one`() async throws {
        try await RawUpstream.withUpstream(script: Self.echo) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let given = try await gateway.get(
                    "/api/v1/orders", headers: ["X-Request-Id": "abc-1"])
                #expect(Self.values("X-Request-Id", in: given.text) == ["abc-1"])
                #expect(given.headers["X-Request-Id"] == ["abc-1"])
                let made = try await gateway.get(
                    "/api/v1/orders", headers: ["X-Request-Id": "not allowed"])
                let ids = Self.values("X-Request-Id", in: made.text)
                #expect(ids.count == 1)
                #expect(ids != ["not allowed"])
                #expect(made.headers["X-Request-Id"] == ids)
            }
        }
    }

    @Test func `replaces what a client says of its own address`() async throws {
        try await RawUpstream.withUpstream(script: Self.echo) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let head = try await gateway.get(
                    "/api/v1/orders",
                    headers: [
                        "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9",
                        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
                        "X-Real-Ip": "203.0.113.9",
                    ]
                ).text
                #expect(Self.values("X-Forwarded-For", in: head) == ["127.0.0.1"])
                #expect(Self.values("X-Forwarded-Proto", in: head) == ["http"])
                #expect(
                    Self.values("X-Forwarded-Host", in: head) == ["127.0.0.1:\(gateway.port)"])
                #expect(!head.contains("203.0.113.9"))
            }
        }
    }

    @Test func `adds to what a trusted proxy says`() async throws {
        try await RawUpstream.withUpstream(script: Self.echo) { upstream in
            try await withGateway(["order": upstream.url], trusting: "127.0.0.0/8") { gateway in
                let head = try await gateway.get(
                    "/api/v1/orders",
                    headers: [
                        "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https",
                        "X-Forwarded-Host": "shop.example",
                    ]
                ).text
                #expect(Self.values("X-Forwarded-For", in: head) == ["203.0.113.9, 127.0.0.1"])
                #expect(Self.values("X-Forwarded-Proto", in: head) == ["https"])
                #expect(Self.values("X-Forwarded-Host", in: head) == ["shop.example"])
            }
        }
    }

    @Test func `keeps fields of one connection to itself, both ways`() async throws {
        let seen = Mutex("")
        try await RawUpstream.withUpstream { exchange in
            while let head = try await exchange.head() {
                seen.withLock { $0 = head }
                try await exchange.say(
                    """
                    HTTP/1.1 200 OK\r\nConnection: X-Inner, keep-alive\r\nX-Inner: 1\r
                    Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Outer: 2\r
                    Content-Length: 2\r\n\r\nok
                    """)
            }
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let heard = try await speak(
                    to: gateway.port,
                    """
                    GET /api/v1/orders HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive\r
                    X-Mine: 1\r\nKeep-Alive: 3\r\nProxy-Connection: x\r\nTE: trailers\r
                    Trailer: X\r\nUpgrade: h2c\r\nProxy-Authorization: Basic eA==\r
                    X-Yours: 2\r\n\r\n
                    """
                ) { $0.hasSuffix("ok") }.heard
                let head = seen.withLock { $0 }
                for name in [
                    "Connection", "X-Mine", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
                    "Upgrade", "Proxy-Authorization", "Transfer-Encoding",
                ] { #expect(Self.values(name, in: head).isEmpty, "\(name)") }
                #expect(Self.values("X-Yours", in: head) == ["2"])
                for name in ["X-Inner", "Keep-Alive", "Proxy-Authenticate"] {
                    #expect(Self.values(name, in: heard).isEmpty, "\(name)")
                }
                #expect(Self.values("X-Outer", in: heard) == ["2"])
                #expect(Self.values("Via", in: heard) == ["1.1 flotilla-gateway"])
            }
        }
    }

    @Test(arguments: [201, 302, 401, 404, 409, 422, 500])
    func `hands an answer on byte for byte, whatever it says`(status: Int) async throws {
        let body = #"{"detail":"só","status": 1}"#
        let requestCount = Mutex(0)
        try await RawUpstream.withUpstream { exchange in
            while let head = try await exchange.head() {
                if head.contains("/api/") { requestCount.withLock { $0 += 1 } }
                try await exchange.say(
                    """
                    HTTP/1.1 \(status) Whatever\r\nContent-Type: application/problem+json\r
                    Location: /elsewhere\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r
                    Content-Security-Policy: theirs\r
                    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                    """)
            }
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await gateway.get("/api/v1/orders")
                #expect(answer.status == status)
                #expect(answer.text == body)
                #expect(answer.headers["Location"] == ["/elsewhere"])
                #expect(answer.headers["Set-Cookie"] == ["a=1", "b=2"])
                #expect(answer.headers["Content-Security-Policy"] == ["theirs"])
                #expect(requestCount.withLock { $0 } == 1)
            }
        }
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "Content-Length: 1234"),
        ("GET", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "HTTP/1.1 204"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", "ETag: \"a\""),
    ])
    func `sends no body where there is none, and goes on with the connection`(
        method: String, answer: String, expected: String
    ) async throws {
        try await RawUpstream.withUpstream { exchange in
            while let head = try await exchange.head() {
                try await exchange.say(head.contains("/7 ") ? Self.ok : answer)
            }
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let heard = try await speak(
                    to: gateway.port,
                    "\(method) /api/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n"
                        + "GET /api/v1/orders/7 HTTP/1.1\r\nHost: a\r\n\r\n"
                ) { $0.hasSuffix("\r\n\r\nok") }.heard
                let parts = heard.components(separatedBy: "\r\n\r\n")
                #expect(parts.count == 3, "\(heard.debugDescription)")
                #expect(parts.first?.contains(expected) == true, "\(heard)")
            }
        }
    }
}
