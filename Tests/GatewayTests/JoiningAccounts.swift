import Foundation
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Joining accounts` {
    /// A process that tells these stories, by id.
    private static func telling(
        _ stories: [String: String]
    ) -> @Sendable (inout RawUpstream.Exchange) async throws -> Void {
        { exchange in
            while let head = try await exchange.head() {
                let path = head.split(separator: " ")[1]
                let story = stories[String(path.split(separator: "/").last ?? "")]
                let body = story ?? "none"
                try await exchange.say(
                    "HTTP/1.1 \(story == nil ? 404 : 200) X\r\nContent-Length:"
                        + " \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    private func withThree(
        _ stories: [[String: String]], _ body: (RunningGateway) async throws -> Void
    ) async throws {
        try await RawUpstream.withUpstream(script: Self.telling(stories[0])) { order in
            try await RawUpstream.withUpstream(script: Self.telling(stories[1])) { user in
                try await RawUpstream.withUpstream(script: Self.telling(stories[2])) { search in
                    try await withGateway(
                        ["order": order.url, "user": user.url, "search": search.url],
                        flags: ["retries": "0"], body)
                }
            }
        }
    }

    private static func delivery(_ consumer: String, _ state: String) -> String {
        #"{"consumer":"\#(consumer)","state":"\#(state)"}"#
    }

    private static func names(_ list: Any?) -> [String] {
        (list as? [[String: Any]] ?? []).map {
            "\($0["consumer"] ?? "") \($0["state"] ?? "")"
        }
    }

    @Test func `tells what each knows, in order, and believes whoever runs the module`()
        async throws
    {
        try await withThree([
            [
                "1": #"{"id":"1","deliveries":[\#(Self.delivery("order.b", "handled"))],"#
                    + #""others":[]}"#
            ],
            [
                "1": #"{"id":"1","relay":"x","others":["2"],"deliveries":["#
                    + [
                        Self.delivery("order.a", "elsewhere"),
                        Self.delivery("order.b", "elsewhere"),
                        Self.delivery("search.a", "elsewhere"),
                    ].joined(separator: ",") + "]}"
            ],
            ["1": #"{"id":"1","deliveries":[\#(Self.delivery("search.a", "dead"))]}"#],
        ]) { gateway in
            let answer = try await gateway.get("/admin/stories/1")
            #expect(answer.status == 200)
            #expect(answer.json["relay"] as? String == "x")
            #expect(answer.json["others"] as? [String] == ["2"])
            #expect(answer.json["unreachable"] == nil)
            #expect(
                Self.names(answer.json["deliveries"])
                    == ["order.a elsewhere", "order.b handled", "search.a dead"])
        }
    }

    @Test func `asks everybody about what one tells of, and puts it in the order of times`()
        async throws
    {
        try await withThree([
            [
                "1": #"{"id":"1","deliveries":[],"caused":["#
                    + #"{"id":"3","time":"2026-01-03","deliveries":[],"caused":["#
                    + #"{"id":"4","time":"2026-01-04","deliveries":[],"caused":[]}]}]}"#
            ],
            ["1": #"{"id":"1","caused":[{"id":"2","time":"2026-01-02"}]}"#],
            [
                "3": #"{"id":"3","deliveries":[\#(Self.delivery("search.a", "handled"))]}"#,
                "4": #"{"id":"4","deliveries":[\#(Self.delivery("search.a", "dead"))]}"#,
            ],
        ]) { gateway in
            let story = try await gateway.get("/admin/stories/1").json
            let caused = story["caused"] as? [[String: Any]] ?? []
            #expect(caused.map { $0["id"] as? String } == ["2", "3"])
            #expect(Self.names(caused.last?["deliveries"]) == ["search.a handled"])
            let last = caused.last?["caused"] as? [[String: Any]] ?? []
            #expect(Self.names(last.first?["deliveries"]) == ["search.a dead"])
            #expect(last.first?["time"] as? String == "2026-01-04")
        }
    }

    @Test func `answers 404 when nobody knows it`() async throws {
        try await withThree([[:], [:], [:]]) { gateway in
            let answer = try await gateway.get("/admin/stories/1")
            #expect(answer.status == 404)
            #expect(answer.text == "none")
        }
    }

    @Test(arguments: [("1", 200), ("2", 503)])
    func `names who could not be asked, and does not say 404 for them`(
        id: String, status: Int
    ) async throws {
        let port = try await RawUpstream.freePort()
        let stories = Self.telling(["1": #"{"id":"1","deliveries":[]}"#])
        try await RawUpstream.withUpstream(script: stories) { upstream in
            try await withGateway([
                "order": upstream.url, "user": "http://127.0.0.1:\(port)",
            ]) { gateway in
                let answer = try await gateway.get("/admin/stories/\(id)")
                #expect(answer.status == status)
                guard status == 200 else { return }
                #expect(answer.json["unreachable"] as? [String] == ["user"])
            }
        }
    }
}
