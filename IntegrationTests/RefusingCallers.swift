import Testing

extension `The whole system` {
    @Suite struct `Refusing a caller` {
        @Test(arguments: Topology.allCases)
        func `B47, B48, B49: takes no token but a good one, and says the same whatever is wrong`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let key = try await system.api.get("/.well-known/jwks.json").json["keys"][0]
                let token = try #require(ada.api.token)
                let tokens = try await Self.badTokens(
                    TokenForge(token, in: system.directory), key: key)
                let before = try await system.census(by: admin, of: [ada])
                for (name, token) in tokens {
                    let answer = try await system.api.with(token: token)
                        .post("/api/v1/orders", Orders.body())
                    #expect(answer.status == 401, "\(name)")
                    expectProblem(
                        answer, 401, "auth.unauthorized",
                        detail: "the access token is not valid")
                    #expect(answer.headers["www-authenticate"] == "Bearer")
                }
                for header in ["Basic YTpi", "Bearer", token, "Bearer \(token) x"] {
                    let answer = try await system.api.get(
                        "/api/v1/orders", headers: ["Authorization": header])
                    expectProblem(answer, 401, "auth.unauthorized")
                }
                expectProblem(
                    try await system.api.get("/api/v1/orders"), 401, "auth.unauthorized")
                #expect(try await system.census(by: admin, of: [ada]) == before)
            }
        }

        private static func badTokens(
            _ forge: TokenForge, key: JSON
        ) async throws -> [(name: String, token: String)] {
            [
                ("garbage", "garbage"), ("three parts of garbage", "a.b.c"),
                ("alg none", try forge.unsigned(header: ["alg": "none"])),
                ("alg NONE", try forge.unsigned(header: ["alg": "NONE"], signature: "AA")),
                ("HS256 with the public key", try await forge.signedWithPublicKey(key)),
                ("a truncated signature", forge.truncated),
                ("no signature", try forge.unsigned(header: [:])),
                ("another user", try forge.withClaims(["roles": ["admin"]])),
                ("an unknown key", try await forge.signed(header: ["kid": "no-such-key"])),
                ("another type", try await forge.signed(header: ["typ": "JWT"])),
                ("a critical extension", try await forge.signed(header: ["crit": ["b64"]])),
                ("expired", try await forge.signed(claims: ["exp": 1_700_000_000])),
                ("of the future", try await forge.signed(claims: ["nbf": 4_000_000_000])),
                ("another issuer", try await forge.signed(claims: ["iss": "somebody"])),
                ("another audience", try await forge.signed(claims: ["aud": "elsewhere"])),
            ]
        }

        /// Else the cases above could be refused because the forge is no good.
        @Test(arguments: Topology.allCases)
        func `takes a token that was signed anew with its own key`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let forge = try TokenForge(try #require(ada.api.token), in: system.directory)
                let token = try await forge.signed()
                let answer = try await system.api.with(token: token).get("/api/v1/orders")
                #expect(answer.status == 200, "\(answer)")
            }
        }

        @Test(arguments: Topology.allCases)
        func `shows nobody what needs a permission or is somebody else's`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let eve = try await system.person("Eve")
                let order = try await system.settledWelcomeOrder(of: ada)
                let path = "/api/v1/orders/\(order["id"].string ?? "")"
                let before = try await system.census(by: admin, of: [ada, eve])
                for path in [
                    "/api/v1/search/users?q=ada", "/api/v1/audit/events",
                    "/api/v1/admin/events/01970000-0000-7000-8000-000000000001",
                ] {
                    expectProblem(try await eve.api.get(path), 403, "auth.forbidden")
                }
                #expect(try await ada.api.get(path).json == order)
                expectProblem(try await eve.api.get(path), 404, "order.not_found")
                expectProblem(try await admin.api.get(path), 404, "order.not_found")
                expectProblem(
                    try await admin.api.get(
                        "/api/v1/admin/events/01970000-0000-7000-8000-000000000001"), 404,
                    "resource.not_found")
                #expect(try await system.census(by: admin, of: [ada, eve]) == before)
            }
        }
    }
}
