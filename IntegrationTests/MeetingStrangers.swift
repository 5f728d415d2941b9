import Foundation
import Testing

extension `The whole system` {
    /// Other programs, in another language, on the same topics.
    @Suite struct `Meeting strangers` {
        @Test(arguments: Topology.splits.filter { !$0.isOnPostgres })
        func `tells what happens as CloudEvents that need nothing of ours`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let broker = try #require(system.broker)
                let answer = try await system.api.post(
                    "/api/v1/users", Person.registration("Ada"),
                    headers: ["X-Request-Id": "stranger-1"])
                let id = try #require(answer.json["id"].string)
                try await system.quiet()
                let records = try await broker.stranger(
                    Strangers.reader, "user.events,order.events,payment.events")
                let types = records.compactMap { $0["headers"]["ce_type"].string }
                #expect(
                    Set(types).isSuperset(of: [
                        "UserRegisteredEventV1", "OrderCreatedEventV1", "PaymentCompletedEventV1",
                    ]))
                let record = try #require(
                    records.first { $0["headers"]["ce_type"] == "UserRegisteredEventV1" })
                #expect(record["topic"] == "user.events")
                #expect(record["key"].string == id)
                #expect(record["value"]["email"] == "ada0@example.com")
                let headers = record["headers"]
                #expect(headers["ce_specversion"] == "1.0")
                #expect(headers["ce_subject"].string == id)
                #expect(headers["ce_source"] == "/flotilla/user")
                #expect(headers["content-type"] == "application/json")
                #expect(headers["correlationId"] == "stranger-1")
                #expect(headers["requestId"] == "stranger-1")
                #expect(headers["ce_sequence"].string?.count == 20)
                let trace = headers["traceparent"].string?.split(separator: "-").map(String.init)
                #expect(headers["traceId"].string == trace?[1])
            }
        }

        @Test(arguments: Topology.splits.filter { !$0.isOnPostgres })
        func `hears what a stranger says, and keeps its garbage as dead letters`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let broker = try #require(system.broker)
                let admin = try await system.administrator()
                _ = try await broker.stranger(Strangers.writer)
                for number in 1...2 {
                    try await eventually("the stranger's user is found", within: .seconds(20)) {
                        try await system.search("stranger\(number)", by: admin).count
                    } until: {
                        $0 == 1
                    }
                }
                let letters = try await eventually("the garbage is kept", within: .seconds(20)) {
                    let run = try await system.command([
                        "dead-letters", "list", "--consumer", "search.user-index", "--json",
                    ])
                    return try JSON(parsing: Data(run.output.utf8))["items"].array
                } until: {
                    $0.count == 6
                }
                let reasons = letters.compactMap { $0["error"].string }
                for reason in [
                    "no CloudEvents attributes", "is not JSON", "9.9 is not 1.0", "RFC 3339",
                    "UserRegisteredEventV9",
                ] {
                    #expect(reasons.contains { $0.contains(reason) }, "\(reason): \(reasons)")
                }
                // And the partition went on.
                let ada = try await system.person("Ada")
                try await eventually("who came after is found", within: .seconds(20)) {
                    try await system.search("Ada", by: admin).compactMap { $0["id"].string }
                } until: {
                    $0.contains(ada.id)
                }
            }
        }
    }
}
