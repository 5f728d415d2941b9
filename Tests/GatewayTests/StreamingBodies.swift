import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Streaming bodies` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Reads a request's body of a known length away.
    private static func sink(_ exchange: inout RawUpstream.Exchange) async throws {
        while let head = try await exchange.head() {
            let length = head.split(separator: "\r\n")
                .first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
            var left = length ?? 0
            while left > 0 {
                let byteCount = try await exchange.someBody().utf8.count
                guard byteCount > 0 else { return }
                left -= byteCount
            }
            try await exchange.say(ok)
        }
    }

    @Test func `passes a request's first bytes on before the last ones are there`() async throws {
        let seen = Mutex("")
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            let first = try await exchange.someBody()
            seen.withLock { $0 = first }
            while try await !exchange.someBody().hasSuffix("end") {}
            try await exchange.say(Self.ok)
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                var request = HTTPClientRequest(url: gateway.url + "/api/v1/orders")
                request.method = .POST
                let (chunks, send) = AsyncStream<ByteBuffer>.makeStream()
                request.body = .stream(chunks, length: .known(Int64(8)))
                send.yield(ByteBuffer(string: "begin"))
                async let response = gateway.client.execute(request, timeout: .seconds(100))
                while seen.withLock({ $0 }).isEmpty {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(seen.withLock { $0 } == "begin")
                send.yield(ByteBuffer(string: "end"))
                send.finish()
                let status = try await response.status
                #expect(status == .ok)
            }
        }
    }

    @Test func `passes an answer's first bytes on before the last ones are there`() async throws {
        let (heard, tell) = AsyncStream<Void>.makeStream()
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            try await exchange.say(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")
            var iterator = heard.makeAsyncIterator()
            _ = await iterator.next()
            try await exchange.say("3\r\nend\r\n0\r\n\r\n")
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let response = try await gateway.client.execute(
                    HTTPClientRequest(url: gateway.url + "/api/v1/orders"), timeout: .seconds(100))
                var text = ""
                for try await chunk in response.body {
                    text += String(buffer: chunk)
                    if text == "begin" { tell.yield() }
                }
                #expect(text == "beginend")
            }
        }
    }

    @Test func `reads no faster from an upstream than its client takes it`() async throws {
        let sent = Atomic(0)
        let chunk = String(repeating: "x", count: 1 << 16)
        // A gibibyte, to be far above what lies in the sockets between: Linux lets each of the two
        // connections hold some 40 MiB.
        let total = 16_384
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            try await exchange.say(
                "HTTP/1.1 200 OK\r\nContent-Length: \(total * chunk.utf8.count)\r\n\r\n")
            for _ in 1...total {
                try await exchange.say(chunk)
                sent.add(1, ordering: .relaxed)
            }
            _ = try await exchange.head()
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                let response = try await gateway.client.execute(
                    HTTPClientRequest(url: gateway.url + "/api/v1/orders"), timeout: .seconds(100))
                var chunks = response.body.makeAsyncIterator()
                _ = try await chunks.next()
                try await Task.sleep(for: .milliseconds(300))
                #expect(sent.load(ordering: .relaxed) < total / 4)
            }
        }
    }

    @Test(arguments: [1, 70_000, 900_000])
    func `passes large and small bodies of known length`(byteCount: Int) async throws {
        try await RawUpstream.withUpstream(script: Self.sink) { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                for _ in 1...3 {
                    let answer = try await gateway.send(
                        .POST, "/api/v1/orders", body: String(repeating: "y", count: byteCount))
                    #expect(answer.text == "ok")
                }
            }
        }
    }

    @Test func `refuses a body that is too large, said or unsaid`() async throws {
        try await RawUpstream.withUpstream(script: Self.sink) { upstream in
            try await withGateway(["order": upstream.url], requestBodyMax: 10_000) { gateway in
                let body = String(repeating: "y", count: 10_001)
                let said = try await gateway.send(.POST, "/api/v1/orders", body: body)
                #expect(said.status == 413)
                #expect(said.isProblem)
            }
        }
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            while try await !exchange.someBody().isEmpty {}
        } _: { upstream in
            try await withGateway(["order": upstream.url], requestBodyMax: 10_000) { gateway in
                let body = String(repeating: "y", count: 10_001)
                let unsaid = try await speak(
                    to: gateway.port,
                    "POST /api/v1/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "2711\r\n\(body)\r\n0\r\n\r\n"
                ) { $0.contains("request.too_large") }
                #expect(unsaid.heard.hasPrefix("HTTP/1.1 413"))
            }
        }
    }

    @Test func `hands an early answer on, and does not mix up what follows`() async throws {
        let answer = "HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            try await exchange.say(answer)
            while try await !exchange.someBody().isEmpty {}
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                for _ in 1...5 {
                    let answer = try await gateway.send(
                        .POST, "/api/v1/orders", body: String(repeating: "z", count: 500_000))
                    #expect(answer.status == 401)
                    #expect(answer.text == "no")
                }
            }
        }
    }

    @Test func `answers 408 when it is the client that is slow`() async throws {
        try await RawUpstream.withUpstream(script: Self.sink) { upstream in
            try await withGateway(["order": upstream.url], flags: ["responseTimeout": "4s"]) {
                let answer = try await speak(
                    to: $0.port,
                    "POST /api/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
                ) { $0.contains("request.timeout") }
                #expect(answer.heard.hasPrefix("HTTP/1.1 408"), "\(answer.heard)")
            }
        }
    }

    @Test func `tells an upstream that a client broke off`() async throws {
        let hasBegun = Atomic(false)
        let wasCut = Atomic(false)
        try await RawUpstream.withUpstream { exchange in
            guard try await exchange.head()?.contains("/api/") == true else { return }
            while try await !exchange.someBody().isEmpty {
                hasBegun.store(true, ordering: .relaxed)
            }
            wasCut.store(true, ordering: .relaxed)
        } _: { upstream in
            try await withGateway(["order": upstream.url]) { gateway in
                _ = try await speak(
                    to: gateway.port,
                    "POST /api/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
                ) { _ in
                    while !hasBegun.load(ordering: .relaxed) {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    return true
                }
                while !wasCut.load(ordering: .relaxed) {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
    }
}
