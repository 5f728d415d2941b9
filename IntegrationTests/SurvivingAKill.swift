import Testing

extension `The whole system under strain` {
    @Suite struct `Surviving a kill` {
        /// When the process is killed: by how many of 200 registrations were answered, and how
        /// often again right after it came back, while it catches up.
        struct Plan: Sendable, CustomTestStringConvertible {
            let answeredCount: Int
            let relapseCount: Int
            var testDescription: String { "\(answeredCount) answered, \(relapseCount) relapses" }
        }

        static let plans = [
            Plan(answeredCount: 1, relapseCount: 0), Plan(answeredCount: 40, relapseCount: 2),
            Plan(answeredCount: 100, relapseCount: 0), Plan(answeredCount: 180, relapseCount: 1),
        ]

        /// A fleet takes long to come back; what becomes of its processes one by one is told in
        /// `Living in pieces`.
        static let cases =
            Topology.monoliths.flatMap { topology in plans.map { (topology, $0) } }
            + Topology.mostCases.filter(\.isSplit).map {
                ($0, Plan(answeredCount: 60, relapseCount: 0))
            }

        @Test(arguments: cases)
        func `loses and doubles nothing that was answered`(
            topology: Topology, plan: Plan
        ) async throws {
            try await withSystem(topology) { system in
                let burst = RegistrationBurst(count: 200)
                try await burst.run(against: system.api) { count in
                    if count == plan.answeredCount { try await system.kill() }
                }
                #expect(burst.answered.count >= plan.answeredCount)
                for _ in 0..<plan.relapseCount {
                    try await system.start()
                    try await system.kill()
                }
                try await system.start()
                try await chainsEnd(in: system)
                try await system.quiet()
                try await expectOneOfEach(for: burst.answered, in: system)
                let ada = try await system.person("Ada")
                _ = try await system.settledWelcomeOrder(of: ada, within: .seconds(2))
            }
        }

        /// Waits for the last step of each chain. The gauges alone would not do: they know nothing
        /// of a consumer that never came to look at its source before the kill.
        private func chainsEnd(in system: RunningSystem) async throws {
            let tables = system.tables
            let users = try await tables.rows("user", "SELECT id FROM users").count
            try await eventually("\(users) chains end", within: .seconds(30)) {
                [
                    try await tables.rows(
                        "audit",
                        "SELECT 1 AS x FROM trail WHERE type = 'PaymentCompletedEventV1'"
                    ).count,
                    try await tables.rows("search", "SELECT 1 AS x FROM indexed_users").count,
                    try await tables.rows("notification", "SELECT 1 AS x FROM notices").count,
                ]
            } until: {
                $0.allSatisfy { $0 >= users }
            }
        }

        /// Also whoever was not answered is there wholly or not at all.
        private func expectOneOfEach(
            for answered: [String: String], in system: RunningSystem
        ) async throws {
            let tables = system.tables
            let users = try await tables.rows("user", "SELECT id, email FROM users")
            let ids = Set(users.compactMap { $0["id"].string })
            #expect(Set(answered.keys).subtracting(ids).isEmpty, "answered and lost")
            let once = Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) })
            let emails = users.compactMap { $0["email"].string }
            let mails = try system.mailbox.mails.compactMap { $0["To"] }
            #expect(mails.sorted() == emails.sorted())
            #expect(
                try await tables.counts("search", "SELECT user_id AS x FROM indexed_users")
                    == once)
            #expect(
                try await tables.counts("notification", "SELECT user_id AS x FROM notices")
                    == once)
            #expect(
                try await tables.counts(
                    "order", "SELECT user_id AS x FROM orders WHERE kind = 'welcome'") == once)
            let orders = try await tables.counts("order", "SELECT id AS x FROM orders")
            #expect(
                try await tables.counts(
                    "order",
                    "SELECT id AS x FROM orders WHERE state IN ('confirmed', 'payment_failed')")
                    == orders)
            #expect(
                try await tables.counts("payment", "SELECT order_id AS x FROM payments")
                    == orders)
            #expect(try await trail("UserRegisteredEventV1", in: tables) == once)
            #expect(try await trail("OrderCreatedEventV1", in: tables) == orders)
            #expect(try await trail("PaymentCompletedEventV1", in: tables) == orders)
            try await expectNoDeadLetters(in: tables)
        }

        private func trail(_ type: String, in tables: Tables) async throws -> [String: Int] {
            try await tables.counts("audit", "SELECT key AS x FROM trail WHERE type = '\(type)'")
        }

        private func expectNoDeadLetters(in tables: Tables) async throws {
            for module in Witness.modules {
                let parked = try await tables.rows(
                    module, "SELECT consumer, state, error FROM inbox_parked")
                #expect(parked.isEmpty)
            }
        }
    }
}
