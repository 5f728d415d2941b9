import Testing

extension `The whole system` {
    @Suite struct `Having an account` {
        @Test(arguments: Topology.allCases)
        func `B58: spends a refresh token by use, and ends the session of one that comes back`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                _ = try await system.person("Ada")
                let answer = try await system.api.post(
                    "/api/v1/sessions",
                    ["email": "ADA0@example.com", "password": .string(Person.password)])
                try #require(answer.status == 201, "\(answer)")
                #expect(answer.json["tokenType"] == "Bearer")
                #expect(answer.json["expiresIn"] == 600)
                let first = answer.json["refreshToken"]
                let second = try await refresh(first, in: system)
                #expect(second.status == 200)
                #expect(second.json["refreshToken"] != first)
                #expect(
                    try await system.api.with(token: second.json["accessToken"].string)
                        .get("/api/v1/users/me").status == 200)
                let third = try await refresh(second.json["refreshToken"], in: system)
                #expect(third.status == 200)
                for token in [first, third.json["refreshToken"], "made-up"] {
                    expectProblem(
                        try await refresh(token, in: system), 401, "auth.refresh_token_spent")
                }
            }
        }

        @Test(arguments: Topology.allCases)
        func `B60: gives two refreshes at a time one and the same new token`(topology: Topology)
            async throws
        {
            try await withSystem(topology) { system in
                _ = try await system.person("Ada")
                let answer = try await system.api.post(
                    "/api/v1/sessions",
                    ["email": "ada0@example.com", "password": .string(Person.password)])
                let token = answer.json["refreshToken"]
                async let one = refresh(token, in: system)
                async let other = refresh(token, in: system)
                let answers = try await [one, other]
                #expect(answers.map(\.status) == [200, 200])
                #expect(answers[0].json["refreshToken"] == answers[1].json["refreshToken"])
            }
        }

        @Test(arguments: Topology.allCases)
        func `takes the new password, and the old one no more`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let path = "/api/v1/users/me/password"
                expectProblem(
                    try await ada.api.post(
                        path, ["currentPassword": "not this", "newPassword": "new password"]),
                    403, "user.wrong_password")
                expectProblem(
                    try await ada.api.post(
                        path,
                        ["currentPassword": .string(ada.password), "newPassword": "short"]),
                    422, "request.invalid", pointers: ["/newPassword"])
                let changed = try await ada.api.post(
                    path,
                    ["currentPassword": .string(ada.password), "newPassword": "new password"])
                #expect(changed.status == 204, "\(changed)")
                expectProblem(
                    try await system.api.post(
                        "/api/v1/sessions",
                        ["email": .string(ada.email), "password": .string(ada.password)]),
                    401, "auth.wrong_credentials")
                _ = try await system.logIn(email: ada.email, password: "new password")
                expectProblem(
                    try await system.api.post(
                        "/api/v1/sessions",
                        ["email": "nobody@example.com", "password": "new password"]),
                    401, "auth.wrong_credentials")
            }
        }

        @Test(arguments: Topology.allCases)
        func `is found by its new name once it was renamed`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let changed = try await ada.api.put(
                    "/api/v1/users/me",
                    [
                        "firstName": "Zoë", "lastName": "Okonkwo", "bio": "sails",
                        "preferences": ["language": "de"],
                    ])
                try #require(changed.status == 200, "\(changed)")
                #expect(changed.json["preferences"] == ["language": "de"])
                try await eventually("the new name is found") {
                    try await system.search("zoe%20okon", by: admin)
                } until: {
                    $0.map { $0["id"].string } == [ada.id]
                }
                #expect(try await system.search("tester0", by: admin).isEmpty)
            }
        }

        @Test(arguments: Topology.allCases)
        func `B103: leaves no hit, no notice and no log-in when it is deleted`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                try await system.quiet()
                #expect(try await system.search("ada", by: admin).count == 1)
                #expect(try await ada.api.delete("/api/v1/users/me").status == 204)
                try await eventually("nobody is found") {
                    try await system.search("ada", by: admin)
                } until: {
                    $0.isEmpty
                }
                expectProblem(
                    try await system.api.post(
                        "/api/v1/sessions",
                        ["email": .string(ada.email), "password": .string(ada.password)]),
                    401, "auth.wrong_credentials")
                try await system.quiet()
                for path in ["users/me", "notifications", "orders"] {
                    expectProblem(
                        try await ada.api.get("/api/v1/\(path)"), 401, "auth.unauthorized")
                }
                let again = try await system.api.post(
                    "/api/v1/users", Person.registration("Ada"))
                #expect(again.status == 201, "the address is free again: \(again)")
            }
        }

        private func refresh(
            _ token: JSON, in system: RunningSystem
        ) async throws -> Answer {
            try await system.api.post("/api/v1/sessions/refresh", ["refreshToken": token])
        }
    }
}
