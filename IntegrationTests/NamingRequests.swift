import Testing

extension `The whole system` {
    @Suite struct `Naming a request` {
        static let kept = ["a", "A-Za-z0-9._-", "0", String(repeating: "x", count: 128)]
        static let replaced = [
            "", " ", "a b", "ä", "a/b", "a,b", "<x>", String(repeating: "x", count: 129),
        ]

        @Test(arguments: Topology.allCases)
        func `keeps an id of the client's that is well formed, and makes one otherwise`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                for path in ["/health/live", "/no/such/path", "/api/v1/orders"] {
                    for id in Self.kept {
                        let answer = try await system.api.get(
                            path, headers: ["X-Request-Id": id])
                        #expect(answer.headers["x-request-id"] == id)
                    }
                    for id in Self.replaced {
                        let answer = try await system.api.get(
                            path, headers: ["X-Request-Id": id])
                        let made = try #require(answer.headers["x-request-id"])
                        #expect(made != id)
                        #expect(made.wholeMatch(of: /[0-9a-f-]{36}/) != nil, "\(made)")
                    }
                }
                let first = try await system.api.get("/health/live").headers["x-request-id"]
                let second = try await system.api.get("/health/live").headers["x-request-id"]
                #expect(first != second)
            }
        }
    }
}
