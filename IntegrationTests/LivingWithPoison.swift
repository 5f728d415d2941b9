import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Living with poison` {
        @Test(arguments: Topology.allCases)
        func `G5: an unreadable event parks its key where it is heard, and nothing else`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let admin = try await system.administrator()
                let (ada, poison) = try await poisoned(system, 1)
                let bob = try await system.person("Bob", number: 2)
                try await rename(bob, "Bobson")
                try await eventually("Bob's name everywhere") {
                    try await system.lastNames(of: bob.id)
                } until: {
                    $0 == ["Bobson", "Bobson"]
                }
                let letters = try await system.deadLetters(count: Poison.hearers.count)
                #expect(Set(letters.map { $0["consumer"].string }) == Set(Poison.hearers))
                for letter in letters {
                    #expect(letter["eventId"].string == poison)
                    #expect(letter["attempts"] == 1, "it can never succeed: \(letter)")
                    #expect(letter["waitingCount"] == 1, "\(letter)")
                    #expect(letter["state"] == "dead")
                }
                #expect(try await system.deadLetters("--all").count == 2 * Poison.hearers.count)
                #expect(try await system.lastNames(of: ada.id) == ["Tester1", "Tester1"])
                // Audit reads no payload: it has all three, and keeps them as they are.
                let trail = try await admin.api.get(
                    "/api/v1/audit/events?type=UserProfileUpdatedEventV1&subjectId=\(ada.id)")
                #expect(trail.items.count == 2, "\(trail)")
                #expect(trail.items.last?["payload"] == Poison.unreadable(ada.id))
                let health = try await system.api.get("/health/integrations")
                #expect(health.status == 200 && health.json["status"] == "warn", "\(health)")

                let retried = try await system.command(
                    ["dead-letters", "retry", "--consumer", "search.user-index", poison])
                #expect(retried.exitCode == 0 && retried.complaints.isEmpty, "\(retried)")
                try await eventually("a second attempt fails") {
                    try await system.deadLetters("--consumer", "search.user-index")
                } until: {
                    $0.map { $0["attempts"] } == [2]
                }
                try await discardEverywhere(poison, in: system)
                try await eventually("Ada's last name everywhere") {
                    try await system.lastNames(of: ada.id)
                } until: {
                    $0 == ["Third", "Third"]
                }
                try await Witness(system: system).expectNoBreaches()
            }
        }

        @Test(arguments: Topology.allCases)
        func `G5: an operator mends a payload, and the key goes on in order`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let admin = try await system.administrator()
                let (ada, poison) = try await poisoned(system, 1)
                let letters = try await system.deadLetters(count: Poison.hearers.count)
                let letter = try #require(
                    letters.first { $0["consumer"] == "search.user-index" })
                let id = try #require(letter["id"].string)
                try await expectShown(id, poison, in: system)
                try await expectRefusedPayloads(id, ada, in: system)
                try await mend(id, ada, in: system)
                let file = "\(system.directory.path)/mended.json"
                for consumer in ["order.customers", "product.preferences"] {
                    let mended = try await system.command(
                        [
                            "dead-letters", "retry", poison, "--consumer", consumer,
                            "--payload", file,
                        ])
                    #expect(mended.exitCode == 0 && mended.output.contains("the 1 behind it"))
                }
                try await eventually("Ada's last name everywhere") {
                    try await system.lastNames(of: ada.id)
                } until: {
                    $0 == ["Third", "Third"]
                }
                try await eventually("nothing waits any more") {
                    try await system.deadLetters("--all")
                } until: {
                    $0.isEmpty
                }
                let story = try await system.command(["events", "show", poison, "--json"])
                let deliveries = try JSON(parsing: Data(story.output.utf8))["deliveries"].array
                #expect(deliveries.count == Poison.hearers.count + 1, "\(story)")
                #expect(deliveries.allSatisfy { $0["state"] == "handled" }, "\(story)")
                let actions = try await eventually("each action in the trail") {
                    try await admin.api.get(
                        "/api/v1/audit/events?type=DeadLetterRetriedEventV1"
                    ).items.map { $0["payload"] }
                } until: {
                    $0.count == Poison.hearers.count
                }
                for action in actions {
                    #expect(action["actor"].string?.hasPrefix("cli:") == true, "\(action)")
                    #expect(action["eventId"].string == poison)
                    #expect(action["isEdited"] == true)
                }
                try await Witness(system: system).expectNoBreaches()
            }
        }
    }
}

extension `The whole system`.`Living with poison` {
    /// A person with a poisonous event in the log, and a good one behind it.
    private func poisoned(
        _ system: RunningSystem, _ number: Int
    ) async throws -> (person: Person, poison: String) {
        let person = try await system.person("Ada", number: number)
        try await system.quiet()
        let poison = try await Poison(tables: system.tables).publish(
            number, key: person.id, Poison.unreadable(person.id))
        try await rename(person, "Third")
        return (person, poison)
    }

    private func rename(_ person: Person, _ lastName: String) async throws {
        let answer = try await person.api.put(
            "/api/v1/users/me", ["firstName": "Renamed", "lastName": .string(lastName)])
        try #require(answer.status == 200, "\(answer)")
    }

    private func discardEverywhere(_ poison: String, in system: RunningSystem) async throws {
        let ambiguous = try await system.command(["dead-letters", "discard", poison])
        #expect(ambiguous.exitCode == 2 && ambiguous.complaintLines.count == 1, "\(ambiguous)")
        #expect(ambiguous.complaints.contains("search.user-index"))
        for letter in try await system.deadLetters() {
            let run = try await system.command(
                ["dead-letters", "discard", letter["id"].string ?? "", "--reason", "a test"])
            #expect(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
            #expect(run.output.contains("the 1 behind it follow"), "\(run)")
        }
    }

    private func expectShown(
        _ id: String, _ poison: String, in system: RunningSystem
    ) async throws {
        let shown = try await system.command(["dead-letters", "show", id, "--json"])
        #expect(shown.exitCode == 0 && shown.complaints.isEmpty, "\(shown)")
        let letter = try JSON(parsing: Data(shown.output.utf8))
        #expect(letter["eventId"].string == poison && letter["attempts"] == 1, "\(shown)")
        #expect(letter["error"].string?.contains("UnreadablePayload") == true, "\(shown)")
        #expect(letter["payload"]["userId"].string == letter["key"].string, "\(shown)")
        #expect(letter["parkedAt"].string != nil && letter["correlationId"] == "poison")
        for command in [["show", id], ["list"], ["list", "--consumer", "search.user-index"]] {
            let text = try await system.command(["dead-letters"] + command)
            #expect(text.exitCode == 0 && text.complaints.isEmpty, "\(text)")
            #expect(text.output.contains("\(id)  search.user-index  UserProfileUpdatedEventV1"))
            #expect(text.output.contains("dead after 1 attempt, 1 behind it"), "\(text)")
        }
        for filter in [["--type", "OrderCreatedEventV1"], ["--key", "nobody"]] {
            let none = try await system.command(["dead-letters", "list"] + filter)
            #expect(none.output == "There are no dead letters.\n", "\(none)")
        }
    }

    private func expectRefusedPayloads(
        _ id: String, _ ada: Person, in system: RunningSystem
    ) async throws {
        let payloads: [(String, String)] = [
            (Poison.unreadable(ada.id).description, "not of the shape"), ("no json", "shape"),
            (Poison.profile(of: Backlog.user(1), "A", "B").description, "same key"),
        ]
        for (payload, complaint) in payloads {
            let run = try await system.command(
                ["dead-letters", "retry", id, "--payload", "-"], input: payload)
            #expect(run.exitCode == 2 && run.output.isEmpty, "\(run)")
            #expect(run.complaintLines.count == 1 && run.complaints.contains(complaint), "\(run)")
        }
        #expect(try await system.deadLetters().allSatisfy { $0["attempts"] == 1 })
    }

    private func mend(_ id: String, _ ada: Person, in system: RunningSystem) async throws {
        try system.directory.write(
            Poison.profile(of: ada.id, "Ada", "Mended").description, to: "mended.json")
        let mended = try await system.command(
            [
                "dead-letters", "retry", id, "--payload",
                "\(system.directory.path)/mended.json",
            ])
        #expect(mended.exitCode == 0 && mended.complaints.isEmpty, "\(mended)")
        #expect(mended.output.contains("the 1 behind it"), "\(mended)")
    }
}
