import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Reckoning the money` {
        private static let environment = [
            "FLOTILLA_PAYMENT_SIMULATED_SUCCESS_PERCENTAGE": "100",
            "FLOTILLA_ORDER_WELCOME_ORDER": "false",
            // What is on its way is listed at once.
            "FLOTILLA_PAYMENT_RECONCILE_GRACE": "0s",
        ]

        @Test(arguments: Topology.monoliths)
        func `says that all is even, and when it is not`(topology: Topology) async throws {
            try await withSystem(topology, environment: Self.environment) { system in
                let administrator = try await system.administrator()
                let shop = try await Shop.open(in: system, by: administrator, stock: 5)
                let customer = try await system.person("Reckoner")
                for _ in 0..<2 {
                    let placed = try await customer.api.post("/api/v1/orders", shop.order)
                    #expect(placed.status == 201, "\(placed)")
                }
                #expect(try await shop.settled(within: .seconds(30)) == ["confirmed": 2])
                try await system.quiet()
                let even = try await system.command(["reconcile", "--json"])
                #expect(even.exitCode == 0, "\(even)")
                let report = try JSON(parsing: Data(even.output.utf8))
                #expect(report["isBalanced"] == true, "\(report)")
                #expect(report["totals"][0]["received"] == 20_000, "\(report)")
                #expect(report["differences"] == [], "\(report)")
                try await system.tables.damage(
                    "payment",
                    """
                    UPDATE bookings SET amount = amount + 1
                    WHERE CAST(order_id AS TEXT) =
                        (SELECT min(CAST(order_id AS TEXT)) FROM bookings)
                    """)
                let uneven = try await system.command(["reconcile", "--json"])
                #expect(uneven.exitCode == 1, "\(uneven)")
                let difference = try JSON(parsing: Data(uneven.output.utf8))
                #expect(difference["isBalanced"] == false, "\(difference)")
                #expect(difference["differences"].array.count == 1, "\(difference)")
                let people = try await system.command(["reconcile"])
                #expect(people.exitCode == 1, "\(people)")
                #expect(people.output.contains("NOT balanced"), "\(people)")
            }
        }

        @Test func `needs the module payment`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            let refused = try await Program.run(
                Program.flotilla, ["reconcile", "--modules", "user"],
                environment: ["FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"],
                in: directory.path)
            #expect(refused.exitCode == 2 && refused.complaintLines.count == 1, "\(refused)")
        }
    }
}
