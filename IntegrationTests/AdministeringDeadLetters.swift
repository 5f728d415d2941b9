import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Administering dead letters` {
        private static let path = "/api/v1/admin/dead-letters"

        @Test(arguments: Topology.allCases)
        func `G5: lists, shows, retries and discards over HTTP, and the trail says who`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let (user, poison) = (Backlog.user(1), Poison.id(1))
                let poisons = Poison(tables: system.tables)
                try await poisons.publish(
                    0, "UserRegisteredEventV1", key: user, Self.registered(user))
                try await poisons.publish(1, key: user, Poison.unreadable(user))
                try await poisons.publish(2, key: user, Poison.profile(of: user, "A", "Last"))
                try await system.deadLetters(count: Poison.hearers.count)
                let letters = try await admin.api.get(Self.path).items
                let letter = try #require(letters.first { $0["consumer"] == "order.customers" })
                let id = try #require(letter["id"].string)
                #expect(try await admin.api.get("\(Self.path)/\(id)").json == letter)
                expectProblem(
                    try await admin.api.get("\(Self.path)/\(poison)"), 409,
                    "dead_letter.ambiguous")
                let chosen = try await admin.api.get(
                    "\(Self.path)/\(poison)?consumer=order.customers")
                #expect(chosen.json == letter)
                try await expectRefusals(id, user, admin)
                let mended = try await admin.api.post(
                    "\(Self.path)/\(id)/retry", ["payload": Poison.profile(of: user, "A", "B")])
                #expect(mended.status == 202, "\(mended)")
                try await eventually("the mended one is handled") {
                    try await admin.api.get("\(Self.path)/\(id)").status
                } until: {
                    $0 == 404
                }
                let other = try await admin.api.delete(
                    "\(Self.path)/\(poison)?consumer=product.preferences&reason=no%20use")
                #expect(other.status == 204, "\(other)")
                let discarded = try await admin.api.delete(
                    "\(Self.path)/\(poison)?reason=no%20use")
                #expect(discarded.status == 204, "the others are mended and gone: \(discarded)")
                try await eventually("the last name everywhere") {
                    try await system.lastNames(of: user)
                } until: {
                    $0 == ["Last", "Last"]
                }
                expectProblem(
                    try await admin.api.delete("\(Self.path)/\(poison)"), 404,
                    "dead_letter.not_found")
                try await expectTrail(of: admin, poison)
                let story = try await admin.api.get("/api/v1/admin/events/\(poison)").json
                let states = story["deliveries"].array.map {
                    "\($0["consumer"].string ?? "") \($0["state"].string ?? "")"
                }
                #expect(states.contains("search.user-index discarded"), "\(states)")
                #expect(states.contains("order.customers handled"), "\(states)")
            }
        }

        @Test(arguments: Topology.allCases)
        func `G5: shows each dead letter on one page, whatever the size of pages`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                for number in 0..<11 {
                    let user = Backlog.user(number)
                    try await Poison(tables: system.tables).publish(
                        number, key: user, Poison.unreadable(user))
                }
                let all = try await system.deadLetters(count: 33)
                    .map { $0["id"].string ?? "" }.sorted()
                for limit in [1, 2, 7, 22, 100] {
                    var (seen, cursor) = ([JSON](), "")
                    while true {
                        let page = try await admin.api.get("\(Self.path)?limit=\(limit)\(cursor)")
                        try #require(page.status == 200, "\(page)")
                        #expect(page.items.count <= limit)
                        seen += page.items
                        guard let next = page.json["nextCursor"].string else { break }
                        cursor = "&cursor=\(next)"
                    }
                    #expect(seen.map { $0["id"].string ?? "" }.sorted() == all)
                    // Which of one millisecond comes first, several processes do not agree on.
                    let times = seen.map { $0["parkedAt"].string ?? "" }
                    #expect(times == times.sorted(by: >), "pages of \(limit)")
                }
                let some = try await admin.api.get("\(Self.path)?consumer=search.user-index")
                #expect(some.items.count == 11)
                let key = try await admin.api.get("\(Self.path)?key=\(Backlog.user(3))")
                #expect(key.items.count == Poison.hearers.count)
                let type = try await admin.api.get("\(Self.path)?type=OrderCreatedEventV1")
                #expect(type.status == 200 && type.items.isEmpty)
                expectProblem(
                    try await admin.api.get("\(Self.path)?consumer=nobody"), 404,
                    "consumer.not_found")
                expectProblem(
                    try await admin.api.get("\(Self.path)?cursor=x"), 400, "request.malformed")
            }
        }

        @Test(arguments: Topology.allCases)
        func `is for administrators alone`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let id = Poison.id(1)
                let replay: JSON = ["withEffects": true]
                for (method, path, body) in [
                    ("GET", Self.path, nil), ("GET", "\(Self.path)/\(id)", nil),
                    ("POST", "\(Self.path)/\(id)/retry", nil),
                    ("DELETE", "\(Self.path)/\(id)", nil),
                    ("GET", "/api/v1/admin/consumers", nil),
                    ("GET", "/api/v1/admin/events/\(id)", nil),
                    ("POST", "/api/v1/admin/consumers/search.user-index/replay", replay),
                ] as [(String, String, JSON?)] {
                    expectProblem(
                        try await ada.api.send(method, path, body: try body?.data), 403,
                        "auth.forbidden")
                    let nobody = try await system.api.send(method, path, body: try body?.data)
                    #expect(nobody.status == 401, "\(nobody)")
                }
            }
        }

        /// A registration that nothing but its payload's address keeps from being real.
        private static func registered(_ user: String) -> JSON {
            [
                "userId": .string(user), "email": "made@example.com", "firstName": "A",
                "lastName": "First", "status": "active",
                "createdAt": "2026-01-01T00:00:00.000Z",
            ]
        }

        private func expectRefusals(_ id: String, _ user: String, _ admin: Person) async throws {
            let retry = "\(Self.path)/\(id)/retry"
            expectProblem(
                try await admin.api.post(retry, ["payload": Poison.unreadable(user)]), 422,
                "dead_letter.unreadable_payload")
            expectProblem(
                try await admin.api.post(
                    retry, ["payload": Poison.profile(of: Backlog.user(9), "A", "B")]), 422,
                "dead_letter.other_key")
            let long = String(repeating: "x", count: 65_536)
            expectProblem(
                try await admin.api.post(
                    retry, ["payload": Poison.profile(of: user, "A", long)]), 413,
                "dead_letter.payload_too_large")
            expectProblem(
                try await admin.api.post(retry, ["payloat": [:]]), 422, "request.invalid")
            for method in ["GET", "DELETE"] {
                let unknown = try await admin.api.send(method, "\(Self.path)/\(Poison.id(99))")
                expectProblem(unknown, 404, "dead_letter.not_found")
                let bad = try await admin.api.send(method, "\(Self.path)/no-id")
                #expect(bad.status == 404 || bad.status == 400, "\(bad)")
            }
            #expect(try await admin.api.get("\(Self.path)/\(id)").json["attempts"] == 1)
        }

        private func expectTrail(of admin: Person, _ poison: String) async throws {
            let me = try await admin.api.get("/api/v1/users/me").json["id"]
            for (type, consumers) in [
                ("DeadLetterRetriedEventV1", ["order.customers"]),
                ("DeadLetterDiscardedEventV1", ["search.user-index", "product.preferences"]),
            ] {
                let entries = try await eventually("\(type) in the trail") {
                    try await admin.api.get("/api/v1/audit/events?type=\(type)").items
                } until: {
                    $0.count >= consumers.count
                }
                #expect(Set(entries.map { $0["subjectId"].string }) == Set(consumers))
                #expect(entries.count == consumers.count)
                #expect(entries.allSatisfy { $0["payload"]["actor"] == me })
                #expect(entries.allSatisfy { $0["payload"]["eventId"].string == poison })
            }
            let discarded = try await admin.api.get(
                "/api/v1/audit/events?type=DeadLetterDiscardedEventV1")
            #expect(discarded.items.first?["payload"]["reason"] == "no use")
        }
    }
}
