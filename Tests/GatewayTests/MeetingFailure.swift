import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Meeting failure` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Counts requests for the API, and leaves those of the probes out.
    private final class Count: Sendable {
        private let value = Mutex(0)

        var now: Int { value.withLock { $0 } }

        func next(_ head: String) -> Int {
            value.withLock { value in
                if head.contains("/api/") { value += 1 }
                return value
            }
        }
    }

    /// Answers probes, and does to a request of the API what `fail` says for its number.
    private static func script(
        _ count: Count,
        _ fail: @escaping @Sendable (Int, inout RawUpstream.Exchange) async throws -> Bool
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { exchange in
            while let head = try await exchange.head() {
                let number = count.next(head)
                guard head.contains("/api/"), try await fail(number, &exchange) else {
                    try await exchange.say(ok)
                    continue
                }
            }
        }
    }

    @Test func `answers 503 when nobody listens`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(["order": "http://127.0.0.1:\(port)"]) { gateway in
            let answer = try await gateway.get("/api/v1/orders")
            #expect(answer.status == 503)
            #expect(answer.isProblem)
            #expect(answer.headers.first(name: "Retry-After") != nil)
        }
    }

    @Test func `answers 502 when the connection breaks before an answer`() async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            try await exchange.reset()
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await gateway.get("/api/v1/orders")
                #expect(answer.status == 502)
                #expect(answer.isProblem)
                // Once, and twice more.
                #expect(count.now == 3)
            }
        }
    }

    @Test func `answers 502 when what comes is not HTTP`() async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            try await exchange.say("SSH-2.0-OpenSSH\r\n\r\n")
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url], flags: ["retries": "0"]) { gateway in
                let answer = try await gateway.get("/api/v1/orders")
                #expect(answer.status == 502)
                #expect(answer.isProblem)
            }
        }
    }

    @Test func `answers 504 when an answer does not begin in time, and asks once`() async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            _ = try await exchange.head()
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url], flags: ["responseTimeout": "1s"]) {
                let answer = try await $0.get("/api/v1/orders")
                #expect(answer.status == 504)
                #expect(answer.isProblem)
                #expect(count.now == 1)
            }
        }
    }

    @Test func `answers 504 when a connection can't be made in time`() async throws {
        // Reserved for documentation (RFC 5737): nobody answers, not even with a refusal.
        try await withGateway(
            ["order": "http://192.0.2.1:9"], flags: ["connectTimeout": "100ms", "retries": "1"]
        ) { gateway in
            let answer = try await gateway.get("/api/v1/orders")
            // Without a network at all the refusal comes at once.
            #expect([503, 504].contains(answer.status))
            #expect(answer.isProblem)
        }
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS"])
    func `tries idempotent requests again`(method: String) async throws {
        let count = Count()
        let script = Self.script(count) { number, exchange in
            switch number {
            case 1:
                try await exchange.reset()
                return true
            case 2:
                try await exchange.say(
                    "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n" + (method == "HEAD" ? "" : "no"))
                return true
            default: return false
            }
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await gateway.send(
                    HTTPMethod(rawValue: method), "/api/v1/orders")
                #expect(answer.status == 200)
                #expect(count.now == 3)
            }
        }
    }

    @Test func `hands the last answer on when every try was refused`() async throws {
        let count = Count()
        let script = Self.script(count) { number, exchange in
            try await exchange.say("HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\n\(number)")
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await gateway.get("/api/v1/orders")
                #expect(answer.status == 503)
                #expect(answer.text == "3")
            }
        }
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"], [true, false])
    func `never sends a request with an effect twice`(
        method: String, hasBody: Bool
    ) async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            try await exchange.reset()
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await gateway.send(
                    HTTPMethod(rawValue: method), "/api/v1/orders", body: hasBody ? "x" : nil)
                #expect(answer.status == 502)
                #expect(count.now == 1)
            }
        }
    }

    @Test func `sends a creating request again when no connection was made`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(
            ["order": "http://127.0.0.1:\(port)"], flags: ["retries": "10"]
        ) { gateway in
            let received = Received()
            let answer = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Somewhere in the first tries the process comes up.
                    try await Task.sleep(for: .milliseconds(60))
                    try await RawUpstream.withUpstream(port: port) { exchange in
                        guard try await exchange.head()?.contains("/api/") == true else { return }
                        let body = try await exchange.someBody()
                        received.add(body)
                        try await exchange.say(Self.ok)
                        _ = try await exchange.head()
                    } _: { _ in
                        try await Task.sleep(for: .seconds(20))
                    }
                }
                defer { group.cancelAll() }
                return try await gateway.send(.POST, "/api/v1/orders", body: "new")
            }
            #expect(answer.status == 200)
            #expect(received.text == "new")
        }
    }

    @Test(arguments: ["Content-Length: 100", "Transfer-Encoding: chunked"])
    func `breaks the client's connection when an answer breaks off`(
        framing: String
    ) async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            try await exchange.say("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n4\r\nhalf\r\n")
            try await Task.sleep(for: .milliseconds(50))
            try await exchange.reset()
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let answer = try await speak(
                    to: gateway.port, "GET /api/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n"
                ) { _ in false }
                #expect(answer.isClosed)
                #expect(answer.heard.contains("half"))
                #expect(!answer.heard.hasSuffix("0\r\n\r\n"))
                #expect(count.now == 1)
            }
        }
    }

    @Test func `ends an answer that drips for longer than a request may take`() async throws {
        let count = Count()
        let script = Self.script(count) { _, exchange in
            try await exchange.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in 1...1_000 {
                try await exchange.say("x")
                try await Task.sleep(for: .milliseconds(20))
            }
            return true
        }
        try await RawUpstream.withUpstream(script: script) { upstream in
            try await withGateway(["order": upstream.url], flags: ["totalTimeout": "2s"]) {
                let start = ContinuousClock.now
                let answer = try await speak(
                    to: $0.port, "GET /api/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n"
                ) { _ in false }
                #expect(answer.isClosed)
                #expect(answer.heard.hasPrefix("HTTP/1.1 200"))
                #expect(ContinuousClock.now - start < .seconds(10))
            }
        }
    }

    @Test func `makes new connections after an upstream moved away`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(["order": "http://127.0.0.1:\(port)"]) { gateway in
            for name in ["old", "new"] {
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\(name)"
                try await RawUpstream.withUpstream(port: port) { exchange in
                    try await exchange.answerAll(answer)
                } _: { _ in
                    let text = try await gateway.get("/api/v1/orders").text
                    #expect(text == name)
                }
            }
        }
    }
}
