import Foundation
import Synchronization
import Testing

extension `The whole system under strain` {
    @Suite struct `Selling out` {
        private static let clientCount = 64
        private static let tryCount = 40
        private static let stock = 500

        @Test(arguments: Topology.mostCases)
        func `sells exactly what there is to 64 clients who try 40 times`(
            topology: Topology
        ) async throws {
            try await withProcesses(
                topology.isOnPostgres ? 2 : 1, topology, environment: Booking.solvent
            ) { instances in
                let shop = try await open(instances[0])
                let start = ContinuousClock.now
                let placed = try await rush(shop) { instances[$0 % instances.count].api }
                let rushed = ContinuousClock.now - start
                #expect(placed.count == Self.clientCount * Self.tryCount)
                let ends = try await shop.settled(within: .seconds(180))
                print(
                    "\(placed.count) orders placed in \(rushed), ended after "
                        + "\(ContinuousClock.now - start)")
                #expect(
                    ends == ["confirmed": Self.stock, "rejected": placed.count - Self.stock])
                try await shop.expectBalance(sold: Self.stock)
            }
        }

        @Test(arguments: Topology.mostCases)
        func `sells exactly what there is while its processes are killed`(
            topology: Topology
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("killing with \(seed)")
            try await withSystem(topology, environment: Booking.solvent) { system in
                let shop = try await open(system)
                async let placing = rush(shop) { _ in system.api }
                for _ in 0..<topology.count(8, onPostgres: 4) {
                    let age = Int.random(in: 200...1_500, using: &chance)
                    try await Task.sleep(for: .milliseconds(age))
                    try await (topology.isSplit ? system.kill(.orders) : system.kill())
                    if topology.isSplit {
                        try await system.start(.orders)
                    } else {
                        try await system.start()
                    }
                }
                let placed = try await placing
                #expect(placed.count == Self.clientCount * Self.tryCount, "\(seed)")
                let ends = try await shop.settled(within: .seconds(180))
                #expect(
                    ends == ["confirmed": Self.stock, "rejected": placed.count - Self.stock],
                    "\(seed)")
                try await shop.expectBalance(sold: Self.stock, seed)
            }
        }

        @Test(arguments: Topology.monoliths)
        func `gives back what is held and not paid in time`(topology: Topology) async throws {
            let environment = [
                "FLOTILLA_PAYMENT_SIMULATED_SUCCESS_PERCENTAGE": "50",
                "FLOTILLA_ORDER_PAYMENT_WINDOW": "3s",
            ]
            try await withSystem(topology, environment: environment) { system in
                let shop = try await open(system)
                let placed = try await rush(shop, tryCount: 10) { _ in system.api }
                let ends = try await shop.settled(within: .seconds(180))
                let sold = try #require(ends["confirmed"])
                #expect(sold < Self.stock && sold > Self.stock / 4, "\(ends)")
                #expect(ends.values.reduce(0, +) == placed.count)
                try await system.quiet(within: .seconds(60))
                try await shop.expectBalance(sold: sold)
            }
        }

        private func open(_ system: RunningSystem) async throws -> Shop {
            try await Shop.open(
                in: system, by: try await system.administrator(), stock: Self.stock)
        }

        /// Has all clients order one piece, again and again, each sticking to a request until it is
        /// answered; tells the orders that were made.
        private func rush(
            _ shop: Shop, tryCount: Int = tryCount,
            _ api: @escaping @Sendable (_ client: Int) -> API
        ) async throws -> Set<String> {
            let customers = try await customers(of: shop)
            return try await withThrowingTaskGroup(of: [String].self) { group in
                for client in 0..<Self.clientCount {
                    let token = customers[client % customers.count].api.token
                    group.addTask(name: "client") {
                        var orders: [String] = []
                        for number in 0..<tryCount {
                            let key = ["Idempotency-Key": "rush-\(client)-\(number)"]
                            let answer = await stubbornly {
                                try await api(client).with(token: token)
                                    .post("/api/v1/orders", shop.order, headers: key)
                            }
                            #expect(answer?.status == 201, "\(String(describing: answer))")
                            if let id = answer?.json["id"].string { orders.append(id) }
                        }
                        return orders
                    }
                }
                return try await group.reduce(into: []) { $0.formUnion($1) }
            }
        }

        private func customers(of shop: Shop) async throws -> [Person] {
            var customers: [Person] = []
            for number in 1...4 {
                customers.append(try await shop.system.person("Rusher", number: number))
            }
            return customers
        }

        /// Sends a request until it is answered for good.
        private func stubbornly(_ request: () async throws -> Answer) async -> Answer? {
            while !Task.isCancelled {
                // A gateway slows down who asks again and again while a process is away.
                if let answer = try? await request(), answer.status < 500, answer.status != 429 {
                    return answer
                }
                try? await Task.sleep(for: .milliseconds(25))
            }
            return nil
        }
    }
}
