import Foundation
import NIOHTTP1
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Finding who has it` {
    private static let none = answer("none", status: 404)

    private static func answer(_ body: String, status: Int = 200) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A process with one letter: it shows it, and says what it was sent otherwise.
    private static func holding(
        _ letter: String
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { exchange in
            while let head = try await exchange.head() {
                guard head.hasPrefix("POST") else {
                    try await exchange.say(answer(letter))
                    continue
                }
                let body = head.contains("Content-Length") ? try await exchange.someBody() : ""
                try await exchange.say(answer("mine: \(body)", status: 202))
            }
        }
    }

    private static func saying(
        _ answer: String
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { try await $0.answerAll(answer) }
    }

    private func withTwo(
        _ first: @escaping @Sendable (inout RawUpstream.Exchange) async throws -> Void,
        _ second: @escaping @Sendable (inout RawUpstream.Exchange) async throws -> Void,
        _ body: (RunningGateway) async throws -> Void
    ) async throws {
        try await RawUpstream.withUpstream(script: first) { one in
            try await RawUpstream.withUpstream(script: second) { two in
                try await withGateway(
                    ["order": one.url, "user": two.url], flags: ["retries": "0"], body)
            }
        }
    }

    @Test func `asks all and passes the request on to that one, with its body`() async throws {
        try await withTwo(
            Self.saying(Self.none), Self.holding(#"{"id":"7","consumer":"user.x"}"#)
        ) { gateway in
            let shown = try await gateway.get("/admin/letters/7")
            #expect(shown.status == 200)
            #expect(shown.text == #"{"id":"7","consumer":"user.x"}"#)
            let answer = try await gateway.send(.POST, "/admin/letters/7/retry", body: "payload")
            #expect(answer.status == 202)
            #expect(answer.text == "mine: payload")
        }
    }

    @Test(arguments: ["/admin/letters/9", "/admin/letters/9/retry"])
    func `refuses when several have it, and names them`(path: String) async throws {
        try await withTwo(
            Self.holding(#"{"id":"7","consumer":"order.x"}"#),
            Self.holding(#"{"id":"8","consumer":"user.x"}"#)
        ) { gateway in
            let answer = try await gateway.send(path.hasSuffix("retry") ? .POST : .GET, path)
            #expect(answer.status == 409 && answer.isProblem)
            #expect(answer.json["code"] as? String == "letter.ambiguous")
            let detail = answer.json["detail"] as? String ?? ""
            #expect(detail.contains("order.x and user.x"), "\(detail)")
        }
    }

    @Test func `refuses when one has it and another has several`() async throws {
        try await withTwo(
            Self.holding(#"{"id":"7","consumer":"order.x"}"#),
            Self.saying(Self.answer("several", status: 409))
        ) { gateway in
            let answer = try await gateway.get("/admin/letters/9")
            #expect(answer.status == 409 && answer.isProblem)
            let detail = answer.json["detail"] as? String ?? ""
            #expect(detail.contains("order.x and several of user"), "\(detail)")
        }
    }

    @Test(arguments: [404, 409])
    func `hands on what the only one says, or everybody`(status: Int) async throws {
        try await withTwo(
            Self.saying(Self.none), Self.saying(Self.answer("that", status: status))
        ) { gateway in
            let answer = try await gateway.get("/admin/letters/9")
            #expect(answer.status == status)
            #expect(answer.text == (status == 404 ? "none" : "that"))
            let retried = try await gateway.send(.POST, "/admin/letters/9/retry")
            #expect(retried.status == status)
        }
    }

    @Test func `has the one that refuses refuse, and does not ask another`() async throws {
        try await withTwo(
            Self.holding(#"{"id":"7"}"#), Self.saying(Self.answer("no", status: 403))
        ) { gateway in
            let answer = try await gateway.send(.POST, "/admin/letters/7/retry")
            #expect(answer.status == 403)
            #expect(answer.text == "no")
        }
    }

    /// Who is away may have it as well; but not what has this id, or is at this consumer.
    @Test(arguments: [
        ("/admin/letters/7", 200), ("/admin/letters/9", 503),
        ("/admin/letters/9?consumer=order.x", 200),
    ])
    func `says what is certain while somebody is away`(
        path: String, status: Int
    ) async throws {
        let port = try await RawUpstream.freePort()
        try await RawUpstream.withUpstream(
            script: Self.holding(#"{"id":"7","consumer":"order.x"}"#)
        ) { upstream in
            try await withGateway([
                "order": upstream.url, "user": "http://127.0.0.1:\(port)",
            ]) { gateway in
                let answer = try await gateway.get(path)
                #expect(answer.status == status)
            }
        }
    }

    @Test func `does not say 404 for somebody who could not be asked`() async throws {
        let port = try await RawUpstream.freePort()
        try await RawUpstream.withUpstream(script: Self.saying(Self.none)) { upstream in
            try await withGateway([
                "order": upstream.url, "user": "http://127.0.0.1:\(port)",
            ]) { gateway in
                let answer = try await gateway.send(.POST, "/admin/letters/7/retry")
                #expect(answer.status == 503)
            }
        }
    }
}
