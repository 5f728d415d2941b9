import Testing

extension `The whole system` {
    @Suite struct `Placing an order` {
        private static let path = "/api/v1/orders"

        @Test(arguments: Topology.allCases)
        func `charges it once, at the prices of the house`(topology: Topology) async throws {
            try await withSystem(topology, environment: Booking.solvent) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let body: JSON = ["items": [Orders.item(1, quantity: 2), Orders.item(2)]]
                let placed = try await ada.api.post(
                    Self.path, body, headers: ["X-Request-Id": "order-1"])
                try #require(placed.status == 201, "\(placed)")
                let id = try #require(placed.json["id"].string)
                #expect(placed.headers["location"] == "/api/v1/orders/\(id)")
                #expect(placed.json["kind"] == "standard")
                #expect(placed.json["status"] == "pending")
                #expect(placed.json["total"] == ["amount": 22_800, "currency": "EUR"])
                try await eventually("the order is settled") {
                    try await ada.api.get("\(Self.path)/\(id)").json["status"].string
                } until: {
                    $0 == "paid"
                }
                try await system.quiet()
                let trail = try await system.trail(of: "order-1", by: admin)
                let types = trail.compactMap { $0["type"].string }
                // Two variants, of each of which there are fewer now.
                let change = "ProductStockChangedEventV1"
                #expect(types.sorted() == (Booking.types + [change]).sorted())
                let own = trail.filter { $0["type"].string != change }
                #expect(own.allSatisfy { $0["subjectId"].string == id })
                let paid = own.first { $0["type"] == "PaymentCompletedEventV1" }
                #expect(paid?["payload"]["amount"]["amount"] == 22_800)
            }
        }

        @Test(arguments: Topology.allCases)
        func `answers a repeated key with the first order, and another body with 422`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let eve = try await system.person("Eve")
                let key = ["Idempotency-Key": "key-1"]
                let first = try await ada.api.post(Self.path, Orders.body(), headers: key)
                try #require(first.status == 201, "\(first)")
                #expect(first.headers["idempotent-replayed"] == nil)
                let again = try await ada.api.post(Self.path, Orders.body(), headers: key)
                #expect(again.status == 201)
                #expect(again.json == first.json)
                #expect(again.headers["location"] == first.headers["location"])
                #expect(again.headers["idempotent-replayed"] == "true")
                expectProblem(
                    try await ada.api.post(Self.path, Orders.body(1), headers: key), 422,
                    "idempotency.key_reused")
                let other = try await eve.api.post(Self.path, Orders.body(1), headers: key)
                #expect(other.status == 201)
                #expect(other.headers["idempotent-replayed"] == nil)
                #expect(other.json["id"] != first.json["id"])
                expectProblem(
                    try await ada.api.post(
                        Self.path, Orders.body(), headers: ["Idempotency-Key": "a b"]), 400,
                    "request.malformed")
                let refused = ["Idempotency-Key": "key-2"]
                expectProblem(
                    try await ada.api.post(Self.path, [:], headers: refused), 422,
                    "request.invalid")
                let mended = try await ada.api.post(
                    Self.path, Orders.body(), headers: refused)
                #expect(mended.status == 201, "a refusal must not use the key up: \(mended)")
                try await expectOrders(of: ada, in: system, count: 3)
                try await expectOrders(of: eve, in: system, count: 2)
            }
        }

        @Test(arguments: Topology.allCases)
        func `makes one order of twenty posts with one key at a time`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for _ in 0..<20 {
                        group.addTask(name: "post") {
                            try await ada.api.post(
                                Self.path, Orders.body(),
                                headers: ["Idempotency-Key": "burst"])
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.status == 201 })
                #expect(Set(answers.map { $0.json["id"] }).count == 1)
                #expect(answers.count { $0.headers["idempotent-replayed"] == nil } == 1)
                try await expectOrders(of: ada, in: system, count: 2)
            }
        }

        /// The welcome order counts too.
        private func expectOrders(
            of person: Person, in system: RunningSystem, count: Int,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            _ = try await system.settledWelcomeOrder(of: person)
            let orders = try await person.api.all(Self.path)
            #expect(orders.count == count, sourceLocation: sourceLocation)
            #expect(
                orders.count { $0["kind"] == "welcome" } == 1, sourceLocation: sourceLocation)
        }
    }
}
