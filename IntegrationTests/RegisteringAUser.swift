import Testing

extension `The whole system` {
    @Suite struct `Registering a user` {
        @Test(arguments: Topology.allCases)
        func `is told to every module within two seconds, under one correlation id`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                // Four times by way of the broker.
                let patience = Duration.seconds(topology.isSplit ? 10 : 2)
                let start = ContinuousClock.now
                let answer = try await system.api.post(
                    "/api/v1/users", Person.registration("Ada"),
                    headers: ["X-Request-Id": "chain-1"])
                let answeredAt = ContinuousClock.now
                try #require(answer.status == 201, "\(answer)")
                let id = try #require(answer.json["id"].string)
                #expect(answer.headers["x-request-id"] == "chain-1")
                #expect(answer.json["status"] == "pending_verification")
                #expect(answer.json["password"] == .null)
                let trail = try await eventually(
                    "the chain in the trail", within: patience
                ) {
                    try await system.trail(of: "chain-1", by: admin)
                } until: {
                    $0.contains { $0["type"] == "PaymentCompletedEventV1" }
                }
                try await eventually("the search hit", within: patience) {
                    try await system.search("Ada%20Tester0", by: admin)
                } until: {
                    $0.map { $0["id"].string } == [id]
                }
                try await eventually("the mail", within: patience) {
                    try system.mailbox.mails(to: "ada0@example.com").count
                } until: {
                    $0 == 1
                }
                let elapsed = ContinuousClock.now - answeredAt
                #expect(elapsed < patience, "answered after \(answeredAt - start)")
                try await system.quiet()
                #expect(try system.mailbox.mails(to: "ada0@example.com").count == 1)
                #expect(
                    Set(trail.map { $0["type"] }).isSuperset(of: [
                        "UserRegisteredEventV1", "OrderCreatedEventV1", "StockHeldEventV1",
                        "OrderPaymentRequestedEventV1", "PaymentCompletedEventV1",
                    ]))
                #expect(trail.last?["subjectId"].string == id)
            }
        }

        @Test(arguments: Topology.allCases)
        func `greets by one mail, lists it, and settles one welcome order`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let person = try await system.person("Ada")
                let order = try await system.settledWelcomeOrder(of: person)
                #expect(["paid", "payment_failed"].contains(order["status"].string))
                #expect(order["items"].array.count == 1)
                #expect(order["total"]["currency"] == "EUR")
                try await system.quiet()
                let mails = try system.mailbox.mails
                #expect(mails.count == 1)
                #expect(mails.first?.file.hasSuffix(".eml") == true)
                #expect(mails.first?["To"] == person.email)
                #expect(mails.first?["Subject"] == "Welcome to Flotilla, Ada")
                let notices = try await person.api.get("/api/v1/notifications").items
                #expect(notices.map { $0["subject"] } == ["Welcome to Flotilla, Ada"])
                #expect(try await person.api.all("/api/v1/orders").count == 1)
            }
        }
    }
}
