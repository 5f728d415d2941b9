import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Ending access` {
        /// One request to each module that answers users.
        private static let paths = [
            "/api/v1/users/me", "/api/v1/orders", "/api/v1/notifications",
        ]

        private func statuses(of person: Person) async throws -> [Int] {
            var statuses: [Int] = []
            for path in Self.paths { statuses.append(try await person.api.get(path).status) }
            return statuses
        }

        private func expectOut(_ person: Person) async throws {
            try await eventually("no process takes the token", within: .seconds(5)) {
                try await statuses(of: person)
            } until: {
                $0 == [401, 401, 401]
            }
        }

        @Test(arguments: Topology.allCases)
        func `who is suspended, has left or has gone is out of every process within seconds`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let people = [
                    try await system.person("Ada"), try await system.person("Bob"),
                    try await system.person("Cleo"),
                ]
                for person in people {
                    #expect(try await statuses(of: person) == [200, 200, 200])
                }
                let suspended = try await admin.api.put(
                    "/api/v1/users/\(people[0].id)/status",
                    ["status": "suspended", "reason": "spam"])
                #expect(suspended.status == 200, "\(suspended)")
                #expect(try await people[1].api.delete("/api/v1/sessions/current").status == 204)
                #expect(try await people[2].api.delete("/api/v1/users/me").status == 204)
                for person in people { try await expectOut(person) }
                #expect(try await admin.api.get("/api/v1/orders").status == 200)

                // Who starts anew has heard it before.
                _ = try await system.stop()
                try await system.start()
                for var person in people {
                    person.api = person.api.with(url: system.api.url)
                    #expect(try await statuses(of: person) == [401, 401, 401])
                }
            }
        }
    }
}
