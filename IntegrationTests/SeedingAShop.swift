import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Seeding a shop` {
        private static let states = [
            "awaiting_payment": 3, "cancelled": 7, "completed": 10, "confirmed": 22, "expired": 3,
            "in_fulfilment": 6, "payment_failed": 4, "refunded": 2, "rejected": 3,
        ]

        /// The questions about payments whose outcome nobody knows begin after ten seconds, and
        /// change what is looked at here after three minutes.
        @Test(arguments: Topology.monoliths)
        func `fills a fresh directory, and adds nothing the second time`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let first = try await system.command(["seed", "--json"], within: .seconds(100))
                #expect(first.exitCode == 0, "\(first)")
                #expect(first.complaints.contains("products: 200 of 200"), "\(first)")
                let result = try JSON(parsing: Data(first.output.utf8))
                #expect(result["products"] == ["made": 200, "found": 0])
                #expect(result["users"] == ["made": 50, "found": 0])
                #expect(result["orders"] == ["made": 60, "found": 0])
                #expect(result["variants"] == 600)
                #expect(result["password"].string != nil)
                let before = try await census(of: system)
                let second = try await system.command(["seed", "--json"], within: .seconds(60))
                #expect(second.exitCode == 0, "\(second)")
                let again = try JSON(parsing: Data(second.output.utf8))
                for (name, count) in ["products": 200, "users": 50, "orders": 60] {
                    #expect(again[name] == ["made": 0, "found": .number(Double(count))])
                }
                #expect(try await census(of: system) == before)
                let states = try await system.tables.counts(
                    "order", "SELECT state AS x FROM orders WHERE kind = 'standard'")
                #expect(states == Self.states)
                let reckoned = try await system.command(["reconcile"])
                #expect(reckoned.exitCode == 0, "\(reckoned)")
            } _: { system in
                try await expectToServe(system)
            }
        }

        @Test(arguments: Topology.monoliths.filter { !$0.isOnPostgres })
        func `fills a shop that is being served`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let seeded = try await system.command(
                    ["seed", "--password", "another fleet of sails"], within: .seconds(110))
                #expect(seeded.exitCode == 0, "\(seeded)")
                #expect(!seeded.output.contains("another fleet"), "\(seeded)")
                let mira = try await system.logIn(
                    email: "mira.brandt@example.com", password: "another fleet of sails")
                let orders = try await mira.api.get("/api/v1/orders")
                #expect(orders.items.contains { $0["kind"] == "standard" }, "\(orders)")
                let states = try await system.tables.counts(
                    "order", "SELECT state AS x FROM orders WHERE kind = 'standard'")
                #expect(states.values.reduce(0, +) == 60)
                // What was to expire is up to the server, which waits longer.
                #expect(states["completed"] == 10 && states["refunded"] == 2, "\(states)")
            }
        }

        /// How many rows there are that a shop is made of.
        private func census(of system: RunningSystem) async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for (module, tables) in [
                "product": ["products", "variants", "categories", "pricing_rules", "quotes"],
                "order": ["orders"], "user": ["users", "sessions", "addresses"],
                "payment": ["payments", "refunds"],
            ] {
                for table in tables {
                    let rows = try await system.tables.rows(
                        module, "SELECT count(*) AS n FROM \(table)")
                    counts[table] = rows.first?["n"].int
                }
            }
            return counts
        }

        /// Expects the shop to be there for customers.
        private func expectToServe(_ system: RunningSystem) async throws {
            let mira = try await system.logIn(
                email: "mira.brandt@example.com", password: "sails of the flotilla")
            let walks = try await mira.api.get(
                "/api/v1/products?category=on-foot&locale=de&limit=1")
            let walk = try #require(walks.items.first)
            #expect(walk["texts"]["de"]["name"] == walk["name"], "\(walks)")
            let weeks = try await mira.api.get(
                "/api/v1/products?q=half%20board:%20lisbon&limit=1")
            let id = try #require(weeks.items.first?["id"].string, "\(weeks)")
            let prices = try await mira.api.get("/api/v1/products/\(id)/price-history")
            #expect(
                prices.items.map { $0["history"].array.count } == [2, 2, 2],
                "an earlier price of each date: \(prices)")
            let picks = try await mira.api.get("/api/v1/recommendations")
            #expect(!picks.items.isEmpty, "\(picks)")
        }
    }
}

extension `The whole system` {
    @Suite struct `Refusing to seed a shop` {
        @Test(arguments: [
            ["FLOTILLA_ENVIRONMENT": "production"], ["FLOTILLA_MODULES": "user,product,order"],
            ["FLOTILLA_PAYMENT_PROVIDER": "http"],
        ])
        func `refuses where it has no place, and makes nothing`(
            environment: [String: String]
        ) async throws {
            let directory = try Directory()
            defer { directory.remove() }
            let refused = try await Program.run(
                Program.flotilla, ["seed"],
                environment: environment.merging([
                    "FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"
                ]) { $1 }, in: directory.path)
            #expect(refused.exitCode == 2, "\(refused)")
            #expect(refused.output.isEmpty && refused.complaintLines.count == 1, "\(refused)")
            #expect(directory.names(in: "data").isEmpty, "\(refused)")
        }

        @Test func `refuses a password that does not do`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            let refused = try await Program.run(
                Program.flotilla, ["seed", "--password", "x"],
                environment: [
                    "FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data",
                    "FLOTILLA_MAIL_URL": "file:\(directory.path)/mail",
                ], in: directory.path)
            #expect(refused.exitCode == 2, "\(refused)")
            #expect(refused.complaints.contains("--password must have"), "\(refused)")
        }
    }
}
