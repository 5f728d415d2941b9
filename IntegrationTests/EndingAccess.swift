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
        func `B63, B64: who is suspended, has left or has gone is out of every process in seconds`(
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

        /// One request to each module that answers those who may see more.
        private static let guardedPaths = [
            "/api/v1/users?limit=1", "/api/v1/search/users?q=a", "/api/v1/audit/events?limit=1",
        ]

        private func statuses(of guest: API) async throws -> [Int] {
            var statuses: [Int] = []
            for path in Self.guardedPaths { statuses.append(try await guest.get(path).status) }
            return statuses
        }

        @Test(arguments: Topology.allCases)
        func `B67, B108: a role that is taken and a key that is revoked open no process any more`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                #expect(try await statuses(of: ada.api) == [403, 403, 403])
                let role = "/api/v1/users/\(ada.id)/roles/support"
                let given = try await admin.api.send("PUT", role)
                #expect(given.status == 204, "\(given)")
                let helper = try await system.logIn(email: ada.email)
                let (key, secret) = try await apiKey(by: admin)
                let service = system.api.with(token: try await token(for: secret, in: system))
                let guests = [helper.api, service]
                for guest in guests { #expect(try await statuses(of: guest) == [200, 200, 200]) }

                #expect(try await admin.api.delete(role).status == 204)
                #expect(try await admin.api.delete("/api/v1/api-keys/\(key)").status == 204)
                try await eventually("no process takes the tokens", within: .seconds(5)) {
                    try await statuses(of: guests[0]) + statuses(of: guests[1])
                } until: {
                    $0 == [401, 401, 401, 401, 401, 401]
                }
                expectProblem(
                    try await system.api.post(
                        "/api/v1/api-keys/token", ["apiKey": .string(secret)]), 401,
                    "auth.wrong_api_key")
                let after = try await system.logIn(email: ada.email)
                #expect(try await statuses(of: after.api) == [403, 403, 403])
                #expect(try await statuses(of: admin.api) == [200, 200, 200])
            }
        }

        private func apiKey(by admin: Person) async throws -> (id: String, secret: String) {
            let made = try await admin.api.post(
                "/api/v1/api-keys",
                [
                    "name": "till", "permissions": ["users:read", "search:users", "audit:read"],
                ])
            try #require(made.status == 201, "\(made)")
            return (
                try #require(made.json["id"].string), try #require(made.json["apiKey"].string)
            )
        }

        private func token(for secret: String, in system: RunningSystem) async throws -> String {
            let exchanged = try await system.api.post(
                "/api/v1/api-keys/token", ["apiKey": .string(secret)])
            try #require(exchanged.status == 200, "\(exchanged)")
            return try #require(exchanged.json["accessToken"].string)
        }
    }
}
