import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Importing products` {
        private static let head = "sku,product,kind,name,variant,price,currency,on_hand"
        private static let good = [
            "IMP-1,walk,activity,\"A walk, slowly\",Morning,1900,EUR,12",
            "IMP-2,walk,,,Evening,2100,EUR,8", "IMP-3,boat,activity,A boat,,8900,CHF,4",
        ]

        @Test(arguments: Topology.monoliths)
        func `brings a file into a shop that is being served, once`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let first = try await run(system, [Self.head] + Self.good)
                #expect(first.exitCode == 0, "\(first)")
                let told = try JSON(parsing: Data(first.output.utf8))
                #expect(told["lines"] == 3 && told["badLines"] == 0, "\(told)")
                #expect(told["created"] == 2 && told["errors"] == [], "\(told)")
                let list = try await system.api.get("/api/v1/products?q=walk")
                let walk = try #require(list.items.first)
                #expect(walk["name"] == "A walk, slowly", "\(list)")
                #expect(walk["variants"].array.map { $0["sku"] } == ["IMP-1", "IMP-2"])
                #expect(walk["variants"][0]["onHand"] == 12, "\(walk)")
                try await eventually("orders know what was imported") {
                    try await system.tables.rows(
                        "order", "SELECT variant_id FROM variants")
                } until: {
                    $0.contains { $0["variant_id"] == walk["variants"][0]["id"] }
                }
                let events = try await countEvents(system)
                let second = try await run(system, [Self.head] + Self.good)
                #expect(second.exitCode == 0, "\(second)")
                let again = try JSON(parsing: Data(second.output.utf8))
                #expect(again["created"] == 0 && again["unchanged"] == 2, "\(again)")
                #expect(try await countEvents(system) == events, "nothing is told twice")
            }
        }

        @Test(arguments: Topology.monoliths)
        func `passes over bad lines, tells them, and ends with 1`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let bad = ["IMP-4,train,activity,A train,,cheap,EUR,1", "IMP-1,,,,,,,"]
                let mixed = try await run(system, [Self.head] + Self.good + bad)
                #expect(mixed.exitCode == 1, "\(mixed)")
                let told = try JSON(parsing: Data(mixed.output.utf8))
                #expect(told["badLines"] == 2 && told["created"] == 2, "\(told)")
                let faults = told["errors"].array
                #expect(Set(faults.compactMap { $0["line"].int }) == [5, 6], "\(told)")
                #expect(faults.contains { $0["column"] == "price" }, "\(told)")
                let skus = try await system.tables.rows("product", "SELECT sku FROM variants")
                #expect(!skus.contains { $0["sku"] == "IMP-4" }, "\(skus)")
            }
        }

        @Test func `ends with 2 where there is nothing to read`() async throws {
            try await withSystem(.monolithSQLite) { system in
                let absent = try await system.command(["products", "import", "/no/such.csv"])
                #expect(absent.exitCode == 2 && absent.output.isEmpty, "\(absent)")
                #expect(absent.complaintLines.count == 1, "\(absent)")
                let headless = try await run(system, Self.good)
                #expect(headless.exitCode == 2 && headless.output.isEmpty, "\(headless)")
                #expect(headless.complaints.contains("sku"), "\(headless)")
            }
        }

        private func run(_ system: RunningSystem, _ lines: [String]) async throws -> Program {
            try system.directory.write(lines.joined(separator: "\n") + "\n", to: "goods.csv")
            return try await system.command(
                ["products", "import", "\(system.directory.path)/goods.csv", "--json"])
        }

        private func countEvents(_ system: RunningSystem) async throws -> Int? {
            try await system.tables.rows("product", "SELECT count(*) AS n FROM outbox_events")
                .first?["n"].int
        }
    }
}
