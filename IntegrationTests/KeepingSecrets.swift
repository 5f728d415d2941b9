import Testing

extension `The whole system` {
    /// Values that nobody else has, sent through everything that a user does; then every place
    /// that people look at is searched for them.
    @Suite struct `Keeping secrets` {
        private static let email = "canary.address@example.com"
        private static let names = ["Canaryfirst", "Canarylast"]
        private static let passwords = ["canary password one", "canary password two"]

        @Test(arguments: Topology.allCases)
        func `shows no password, token, address or name where it does not belong`(
            topology: Topology
        ) async throws {
            let debug = ["FLOTILLA_LOG_LEVEL": "trace"]
            try await withSystem(topology, environment: debug) { system in
                let admin = try await system.administrator()
                var (secrets, errors) = try await useEverything(system)
                secrets.append(try #require(admin.api.token))
                try await system.quiet()
                let metrics = try await metrics(of: system)
                let trail = try await admin.api.all("/api/v1/audit/events")
                let payloads = trail.map(\.description).joined(separator: "\n")
                let problems = errors.map(\.text).joined(separator: "\n")
                #expect(trail.count > 8)
                #expect(payloads.contains(Self.email), "the canary was not there to be seen")
                _ = try await system.stop()
                let log = try system.logText
                #expect(log.contains("\"request\""))
                for secret in secrets {
                    #expect(!log.contains(secret), "a log line holds \(secret)")
                    #expect(!metrics.contains(secret), "/metrics holds \(secret)")
                    #expect(!payloads.contains(secret), "an event holds \(secret)")
                    #expect(!problems.contains(secret), "an error body holds \(secret)")
                }
                for personal in [Self.email] + Self.names {
                    #expect(!log.contains(personal), "a log line holds \(personal)")
                    #expect(!metrics.contains(personal), "/metrics holds \(personal)")
                    #expect(!problems.contains(personal), "an error body holds \(personal)")
                }
            }
        }

        private func metrics(of system: RunningSystem) async throws -> String {
            var texts: [String] = []
            for api in system.apisOfProcesses { texts.append(try await api.get("/metrics").text) }
            return texts.joined()
        }

        /// Does what a user can do, well and badly.
        ///
        /// - Returns: the secrets that were used, and the refusals.
        private func useEverything(
            _ system: RunningSystem
        ) async throws -> (secrets: [String], refusals: [Answer]) {
            let users = "/api/v1/users"
            let registration: JSON = [
                "email": .string(Self.email), "password": .string(Self.passwords[0]),
                "firstName": .string(Self.names[0]), "lastName": .string(Self.names[1]),
            ]
            var refusals: [Answer] = []
            try #require(try await system.api.post(users, registration).status == 201)
            refusals.append(try await system.api.post(users, registration))
            refusals.append(try await system.api.post(users, registration.with("x", 1)))
            let cut = try registration.data.dropLast()
            refusals.append(try await system.api.send("POST", users, body: cut))
            let session = try await system.api.post("/api/v1/sessions", credentials(0))
            refusals.append(try await system.api.post("/api/v1/sessions", credentials(1)))
            refusals.append(
                try await system.api.get(
                    "/api/v1/orders?access_token=\(Self.email)",
                    headers: ["Authorization": "Bearer \(Self.passwords[0])"]))
            let refresh = session.json["refreshToken"]
            let renewed = try await system.api.post(
                "/api/v1/sessions/refresh", ["refreshToken": refresh])
            let token = try #require(renewed.json["accessToken"].string)
            let api = system.api.with(token: token)
            _ = try await api.post("/api/v1/orders", Orders.body())
            let passwords: JSON = [
                "currentPassword": .string(Self.passwords[0]),
                "newPassword": .string(Self.passwords[1]),
            ]
            #expect(try await api.post("\(users)/me/password", passwords).status == 204)
            refusals.append(try await api.post("\(users)/me/password", passwords))
            refusals.append(
                try await system.api.post(
                    "/api/v1/sessions/refresh", ["refreshToken": session.json["accessToken"]]))
            #expect(refusals.allSatisfy { (400..<500).contains($0.status) })
            let tokens = [session, renewed].flatMap {
                [$0.json["accessToken"].string, $0.json["refreshToken"].string]
            }.compactMap { $0 }
            #expect(tokens.count == 4)
            return (Self.passwords + tokens, refusals)
        }

        private func credentials(_ index: Int) -> JSON {
            ["email": .string(Self.email), "password": .string(Self.passwords[index])]
        }
    }
}
