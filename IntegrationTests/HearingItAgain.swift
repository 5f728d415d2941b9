import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Hearing it again` {
        private static let consumer = "search.user-index"
        private static let endings =
            "SELECT CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END AS x FROM inbox_replays"

        @Test(arguments: Topology.allCases)
        func `G9: a rebuilt projection is the same in every byte, with a server and without`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                try await history(in: system)
                let before = try await system.searchProjection
                let answer = try await admin.api.get("/api/v1/search/users?q=tester")
                #expect(answer.items.count == 4, "\(answer)")

                let beside = try await system.command(
                    ["events", "replay", "--consumer", Self.consumer, "--json"])
                #expect(beside.exitCode == 0 && beside.complaints.isEmpty, "\(beside)")
                let progress = try JSON(parsing: Data(beside.output.utf8))["items"].array
                expectStreams(of: progress, on: topology)
                expectEnded(progress)
                #expect(try await system.searchProjection == before)
                let again = try await admin.api.get("/api/v1/search/users?q=tester")
                #expect(found(in: again) == found(in: answer))

                _ = try await system.stop()
                // What is lost or made up comes right: it is built anew, not patched.
                try await system.tables.damage(
                    "search",
                    """
                    DELETE FROM indexed_users WHERE email LIKE '%1@example.com';
                    UPDATE indexed_users SET last_name = 'Wrong' WHERE email LIKE '%2@example.com';
                    """)
                let without = try await system.command(
                    ["events", "replay", "--consumer", Self.consumer])
                #expect(without.exitCode == 0, "\(without)")
                #expect(without.output.hasPrefix("\(Self.consumer) has heard "), "\(without)")
                #expect(try await system.searchProjection == before)
                try await system.start()
                let last = try await admin.api.with(url: system.api.url)
                    .get("/api/v1/search/users?q=tester")
                #expect(found(in: last) == found(in: answer))
                try await expectRequestsInTrail(2, admin.api.with(url: system.api.url))
            }
        }

        @Test(arguments: Topology.allCases)
        func `G9: redelivers from an event or a time on, onto the state as it is`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                try await history(in: system)
                let before = try await system.searchProjection
                let listed = try await system.command(
                    ["events", "list", "--type", "UserProfileUpdatedEventV1", "--json"])
                let events = try JSON(parsing: Data(listed.output.utf8))["items"].array
                let oldest = try #require(events.last)
                let (id, time) = (oldest["id"].string ?? "", oldest["time"].string ?? "")
                let head = try await system.tables.rows(
                    "user", "SELECT MAX(position) AS x FROM outbox_events")
                let expected = (head.first?["x"].int ?? 0) - (oldest["position"].int ?? 0) + 1
                for origin in [id, time] {
                    let replay = try await system.command(
                        ["events", "replay", "--consumer", Self.consumer, "--from", origin])
                    #expect(replay.exitCode == 0, "\(replay)")
                    #expect(
                        replay.output == "\(Self.consumer) has heard \(expected) again.\n",
                        "\(replay)")
                    #expect(try await system.searchProjection == before)
                }
                let future = try await system.command(
                    [
                        "events", "replay", "--consumer", Self.consumer, "--from",
                        "2199-01-01T00:00:00Z",
                    ])
                #expect(future.output == "\(Self.consumer) has heard 0 again.\n", "\(future)")
            }
        }

        @Test(arguments: Topology.allCases)
        func `G9: mails are not sent again by a replay, unless it is told to`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                try await history(in: system)
                let sent = try system.mailbox.mails
                #expect(sent.count == 5)
                let emptied = try await Program.run(
                    "/usr/bin/find", ["\(system.directory.path)/mail", "-type", "f", "-delete"])
                #expect(emptied.exitCode == 0)
                let mails = "notification.user-mails"
                let silent = try await system.command(["events", "replay", "--consumer", mails])
                #expect(silent.exitCode == 0, "\(silent)")
                #expect(try system.mailbox.mails.isEmpty)
                let loud = try await system.command(
                    ["events", "replay", "--consumer", mails, "--with-effects"])
                #expect(loud.exitCode == 0, "\(loud)")
                // Whoever has left since is written to no more.
                let due = sent.filter { $0["To"] != "ada3@example.com" }.map(\.file)
                #expect(due.count == 4)
                #expect(try system.mailbox.mails.map(\.file) == due)
                // After the replay everything is as before: a new user gets one mail.
                let eve = try await system.person("Eve", number: 9)
                try await eventually("Eve's mail") {
                    try system.mailbox.mails(to: eve.email).count
                } until: {
                    $0 == 1
                }
            }
        }

        @Test(arguments: Topology.allCases)
        func `is asked for over HTTP too, and refused where it can not be`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                try await history(in: system)
                let before = try await system.searchProjection
                func path(_ consumer: String) -> String {
                    "/api/v1/admin/consumers/\(consumer)/replay"
                }
                let accepted = try await admin.api.send("POST", path(Self.consumer))
                #expect(accepted.status == 202, "\(accepted)")
                expectStreams(of: accepted.items, on: topology)
                try await eventually("the replay ends") {
                    try await system.tables.rows("search", Self.endings)
                } until: {
                    !$0.isEmpty && $0.allSatisfy { $0["x"] == 1 }
                }
                #expect(try await system.searchProjection == before)
                expectProblem(
                    try await admin.api.send("POST", path("nobody")), 404, "consumer.not_found")
                expectProblem(
                    try await admin.api.post(path(Self.consumer), ["from": "yesterday"]), 422,
                    "request.invalid", pointers: ["/from"])
                expectProblem(
                    try await admin.api.post(path(Self.consumer), ["from": .string(Poison.id(1))]),
                    422, "replay.no_such_event")
                let me = try await admin.api.get("/api/v1/users/me").json["id"]
                let trail = try await eventually("the request in the trail") {
                    try await admin.api.get(
                        "/api/v1/audit/events?type=ConsumerReplayRequestedEventV1"
                    ).items
                } until: {
                    !$0.isEmpty
                }
                #expect(trail.map { $0["payload"]["actor"] } == [me])
            }
        }

        /// A full consumer does not begin, so that the first request waits for as long as it takes.
        @Test(arguments: Topology.allCases)
        func `is refused with an origin while another goes on, and not from the beginning`(
            topology: Topology
        ) async throws {
            let environment = ["FLOTILLA_BUS_PARKED_MAX": "1"]
            try await withSystem(topology, environment: environment) { system in
                let admin = try await system.administrator()
                let poisons = Poison(tables: system.tables)
                for number in 1...2 {
                    let user = Backlog.user(1)
                    try await poisons.publish(number, key: user, Poison.unreadable(user))
                }
                try await eventually("it is full") {
                    try await admin.api.get("/api/v1/admin/consumers").items
                        .first { $0["consumer"].string == Self.consumer }?["standing"]
                } until: {
                    $0 == "full"
                }
                let path = "/api/v1/admin/consumers/\(Self.consumer)/replay"
                let first = try await admin.api.send("POST", path)
                #expect(first.status == 202 && first.items.first?["hasBegun"] == false)
                expectProblem(
                    try await admin.api.post(path, ["from": .string(Poison.id(1))]), 409,
                    "replay.going_on")
                let replay = ["events", "replay", "--consumer", Self.consumer]
                let refused = try await system.command(replay + ["--from", Poison.id(1)])
                #expect(refused.exitCode == 2 && refused.output.isEmpty, "\(refused)")
                #expect(refused.complaintLines.count == 1, "\(refused)")
                #expect(refused.complaints.contains("is being replayed"), "\(refused)")
                let second = try await system.command(replay + ["--detach"])
                #expect(second.exitCode == 0 && second.complaints.isEmpty, "\(second)")
                let waiting = try await system.tables.rows(
                    "search", "SELECT stream, begun_at FROM inbox_replays")
                expectStreams(of: waiting, on: topology)
                #expect(Set(waiting.map { $0["begun_at"] }) == [.null], "\(waiting)")
                try await eventually("both requests in the trail, not the refused ones") {
                    try await admin.api.get(
                        "/api/v1/audit/events?type=ConsumerReplayRequestedEventV1"
                    ).items.count
                } until: {
                    $0 == 2
                }
            }
        }
    }
}

extension `The whole system`.`Hearing it again` {
    /// Five people of whom each changes their name, and one goes.
    private func history(in system: RunningSystem) async throws {
        for number in 1...5 {
            let person = try await system.person("Ada", number: number)
            for turn in 1...2 {
                let answer = try await person.api.put(
                    "/api/v1/users/me",
                    ["firstName": "Ada", "lastName": .string("Tester\(turn)x\(number)")])
                try #require(answer.status == 200, "\(answer)")
            }
            guard number == 3 else { continue }
            let gone = try await person.api.delete("/api/v1/users/me")
            try #require(gone.status == 204, "\(gone)")
        }
        try await system.quiet()
    }

    private func expectStreams(
        of rows: [JSON], on topology: Topology, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let others = rows.filter { !topology.isStreamOfUser($0["stream"]) }
        #expect(!rows.isEmpty && others.isEmpty, "\(rows)", sourceLocation: sourceLocation)
    }

    private func expectEnded(_ progress: [JSON]) {
        let open = progress.filter { $0["hasEnded"] != true || $0["done"] != $0["total"] }
        #expect(open.isEmpty)
        let total = progress.reduce(0) { $0 + ($1["total"].int ?? 0) }
        #expect(total >= 15, "\(progress)")
    }

    /// Whom a search found. Of equal ones those come first that came first, and several partitions
    /// have no order among each other.
    private func found(in answer: Answer) -> [JSON] {
        guard answer.status == 200 else { return [.string("\(answer)")] }
        return answer.items.sorted { $0.description < $1.description }
    }

    private func expectRequestsInTrail(_ count: Int, _ api: API) async throws {
        let trail = try await eventually("\(count) requests in the trail") {
            try await api.get("/api/v1/audit/events?type=ConsumerReplayRequestedEventV1").items
        } until: {
            $0.count == count
        }
        for entry in trail {
            #expect(entry["payload"]["actor"].string?.hasPrefix("cli:") == true, "\(entry)")
            #expect(entry["payload"]["isRebuild"] == true)
        }
    }
}
