import Foundation
import NIOHTTP1
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Asking everyone` {
    private static func answer(_ body: String, status: Int = 200) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A process with letters parked at these times, in pages as the real one makes them; a cursor
    /// is the number of letters before it.
    private static func letters(
        _ times: [Int]
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { exchange in
            while let head = try await exchange.head() {
                let query = head.split(separator: " ")[1].split(separator: "?").dropFirst().first
                var values = ["limit": 20, "cursor": 0]
                for pair in query?.split(separator: "&") ?? [] {
                    let sides = pair.split(separator: "=")
                    values[String(sides[0])] = Int(sides[1])
                }
                let rest = times.sorted(by: >).dropFirst(values["cursor"] ?? 0)
                let page = rest.prefix(values["limit"] ?? 20)
                let items = page.map { #"{"parkedAt":"2026-01-01T00:00:\#(10 + $0).000Z"}"# }
                let next = (values["cursor"] ?? 0) + page.count
                try await exchange.say(
                    answer(
                        #"{"items":[\#(items.joined(separator: ","))],"nextCursor":"#
                            + (page.count < rest.count ? "\"\(next)\"}" : "null}")))
            }
        }
    }

    private static func times(_ answer: GatewayAnswer) -> [Int] {
        (answer.json["items"] as? [[String: String]] ?? []).compactMap {
            $0["parkedAt"].flatMap { Int($0.dropFirst(17).prefix(2)) }.map { $0 - 10 }
        }
    }

    private func withTwo(
        _ first: @escaping @Sendable (inout RawUpstream.Exchange) async throws -> Void,
        _ second: @escaping @Sendable (inout RawUpstream.Exchange) async throws -> Void,
        _ body: (RunningGateway) async throws -> Void
    ) async throws {
        try await RawUpstream.withUpstream(script: first) { one in
            try await RawUpstream.withUpstream(script: second) { two in
                try await withGateway(
                    ["order": one.url, "user": two.url, "search": two.url], flags: ["retries": "0"],
                    body)
            }
        }
    }

    private func saying(
        _ answer: String
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { try await $0.answerAll(answer) }
    }

    @Test func `joins everybody's items`() async throws {
        try await withTwo(
            saying(Self.answer(#"{"items":[{"a":1}],"nextCursor":null}"#)),
            saying(Self.answer(#"{"items":[{"b":2.5}],"nextCursor":null}"#))
        ) { gateway in
            let answer = try await gateway.get("/admin/consumers")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"items":[{"a":1},{"b":2.5}],"nextCursor":null}"#)
        }
    }

    @Test func `names who could not be asked`() async throws {
        let port = try await RawUpstream.freePort()
        try await RawUpstream.withUpstream(
            script: saying(Self.answer(#"{"items":[{"a":1}],"nextCursor":null}"#))
        ) { upstream in
            try await withGateway([
                "order": upstream.url, "user": "http://127.0.0.1:\(port)",
            ]) { gateway in
                let answer = try await gateway.get("/admin/consumers")
                #expect(answer.status == 200)
                #expect(answer.json["unreachable"] as? [String] == ["user"])
            }
        }
    }

    @Test func `hands a refusal on`() async throws {
        let refusal = Self.answer(#"{"status":403}"#, status: 403)
        try await withTwo(saying(refusal), saying(refusal)) { gateway in
            let answer = try await gateway.get("/admin/consumers")
            #expect(answer.status == 403)
            #expect(answer.text == #"{"status":403}"#)
        }
    }

    @Test(arguments: 1...8)
    func `makes one list of everybody's pages, whole and in order`(limit: Int) async throws {
        try await withTwo(Self.letters([1, 4, 6, 7, 13]), Self.letters([2, 3, 5, 20, 21])) {
            gateway in
            var seen: [Int] = []
            var cursor: String?
            repeat {
                let answer = try await gateway.get(
                    "/admin/letters?limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(answer.status == 200)
                #expect(Self.times(answer).count <= limit)
                seen += Self.times(answer)
                cursor = answer.json["nextCursor"] as? String
            } while cursor != nil && seen.count < 50
            #expect(seen == [21, 20, 13, 7, 6, 5, 4, 3, 2, 1])
        }
    }

    @Test func `refuses a cursor that it did not give out`() async throws {
        try await withTwo(Self.letters([1]), Self.letters([2])) { gateway in
            let answer = try await gateway.get("/admin/letters?cursor=nonsense")
            #expect(answer.status == 400)
            #expect(answer.isProblem)
        }
    }

    @Test func `finds the process of a consumer by its name`() async throws {
        try await withTwo(saying(Self.answer("order")), saying(Self.answer("other"))) { gateway in
            for (consumer, expected) in [
                ("order.payments", "order"), ("user.x", "other"), ("search.user-index", "other"),
            ] {
                let answer = try await gateway.send(.POST, "/admin/consumers/\(consumer)/replay")
                #expect(answer.text == expected)
            }
            let unknown = try await gateway.send(.POST, "/admin/consumers/shop.x/replay")
            #expect(unknown.status == 404)
        }
    }
}
