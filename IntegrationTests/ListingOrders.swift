import Testing

extension `The whole system` {
    @Suite struct `Listing orders` {
        @Test(arguments: Topology.allCases)
        func `pages through what was there at the start, while more comes in`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let eve = try await system.person("Eve")
                for person in [ada, eve] {
                    _ = try await system.settledWelcomeOrder(of: person)
                    try await place(6, by: person)
                }
                let whole = try await ada.api.get("/api/v1/orders?limit=100").items
                let ids = whole.map { $0["id"] }
                #expect(ids.count == 7)
                #expect(whole.first?["kind"] == "standard")
                #expect(whole.last?["kind"] == "welcome")
                var seen: [JSON] = []
                var cursor = ""
                repeat {
                    let page = try await ada.api.get("/api/v1/orders?limit=2\(cursor)")
                    try #require(page.status == 200, "\(page)")
                    #expect(page.items.count <= 2)
                    seen += page.items.map { $0["id"] }
                    cursor = page.json["nextCursor"].string.map { "&cursor=\($0)" } ?? ""
                    try await place(1, by: ada)
                } while !cursor.isEmpty && seen.count < 50
                #expect(seen == ids)
                #expect(try await ada.api.all("/api/v1/orders").count == 7 + 4)
            }
        }

        @Test(arguments: Topology.allCases)
        func `B100: shows everybody their own alone`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let eve = try await system.person("Eve")
                try await place(2, by: ada)
                try await place(1, by: eve)
                try await system.quiet()
                var ids: [JSON] = []
                for (person, count) in [(ada, 3), (eve, 2), (admin, 1)] {
                    let orders = try await person.api.all("/api/v1/orders")
                    #expect(orders.count == count)
                    ids += orders.map { $0["id"] }
                }
                #expect(Set(ids).count == 6)
            }
        }

        private func place(_ count: Int, by person: Person) async throws {
            for _ in 0..<count {
                let answer = try await person.api.post("/api/v1/orders", Orders.body())
                try #require(answer.status == 201, "\(answer)")
            }
        }
    }
}
