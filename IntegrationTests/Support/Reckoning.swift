import Testing

/// Compares everything that a load was answered with what the databases of all modules hold.
struct Reckoning: Sendable {
    let system: RunningSystem
    let load: Load.Memory
    let regulars: [Person]

    private var tables: Tables { system.tables }

    /// Checks that each effect of each request is there once, in every module.
    ///
    /// - Parameter seed: what the test's chances came from, to be told with a failure.
    func expectOneOfEach(_ seed: String) async throws {
        #expect(load.refusals.isEmpty, "\(seed): \(load.refusals.prefix(3))")
        try await expectUsers(seed)
        try await expectOrders(seed)
        try await expectNames(seed)
        try await expectTrail(seed)
    }

    private func expectUsers(_ seed: String) async throws {
        let rows = try await tables.rows("user", "SELECT id, email FROM users")
        let ids = Dictionary(
            uniqueKeysWithValues: rows.map { ($0["id"].string ?? "", $0["email"].string ?? "") })
        let emails = load.emails.union(regulars.map(\.email)).sorted()
        #expect(ids.values.sorted() == emails, "\(seed)")
        for (id, email) in load.users { #expect(ids[id] == email, "\(seed): \(id)") }
        let once = ids.mapValues { _ in 1 }
        for (module, what) in [
            ("search", "user_id AS x FROM indexed_users"),
            ("notification", "user_id AS x FROM notices"),
            ("order", "user_id AS x FROM customers"),
            ("order", "user_id AS x FROM orders WHERE kind = 'welcome'"),
            ("user", "key AS x FROM outbox_events WHERE type = 'UserRegisteredEventV1'"),
        ] {
            let counts = try await tables.counts(module, "SELECT \(what)")
            #expect(counts == once, "\(seed): \(what) of \(module)")
        }
        let mails = try system.mailbox.mails.compactMap { $0["To"] }
        #expect(mails.sorted() == emails, "\(seed)")
    }

    private func expectOrders(_ seed: String) async throws {
        let standard = try await tables.counts(
            "order", "SELECT id AS x FROM orders WHERE kind = 'standard'")
        #expect(standard == load.orders.mapValues { _ in 1 }, "\(seed)")
        let orders = try await tables.counts("order", "SELECT id AS x FROM orders")
        for (module, what) in [
            ("order", "id AS x FROM orders WHERE state IN ('confirmed', 'payment_failed')"),
            ("order", "key AS x FROM outbox_events WHERE type = 'OrderCreatedEventV1'"),
            ("payment", "order_id AS x FROM payments"),
            ("payment", "key AS x FROM outbox_events WHERE type = 'PaymentCompletedEventV1'"),
        ] {
            let counts = try await tables.counts(module, "SELECT \(what)")
            #expect(counts == orders, "\(seed): \(what) of \(module)")
        }
    }

    /// Each answered change is one event, in the order of the answers; who hears of it has the
    /// last.
    private func expectNames(_ seed: String) async throws {
        for person in regulars {
            let published = try await tables.rows(
                "user",
                """
                SELECT data ->> 'lastName' AS name FROM outbox_events
                WHERE type = 'UserProfileUpdatedEventV1' AND key = '\(person.id)'
                ORDER BY position
                """
            ).compactMap { $0["name"].string }
            let answered = load.names[person.id] ?? []
            #expect(published == answered, "\(seed): \(person.id)")
        }
        let names = try await names("user", "id AS id, last_name AS name FROM users")
        #expect(
            try await self.names("search", "user_id AS id, last_name AS name FROM indexed_users")
                == names, "\(seed)")
        #expect(
            try await self.names("order", "user_id AS id, last_name AS name FROM customers")
                == names, "\(seed)")
    }

    private func names(_ module: String, _ what: String) async throws -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: try await tables.rows(module, "SELECT \(what)").map {
                ($0["id"].string ?? "", $0["name"].string ?? "")
            })
    }

    private func expectTrail(_ seed: String) async throws {
        let published = Witness.modules.map { "SELECT event_id FROM \"\($0)\".outbox_events" }
            .joined(separator: " UNION ALL ")
        let differing = try await tables.rowsOfAll(
            Witness.modules,
            """
            WITH published AS (\(published)), kept AS (SELECT event_id FROM audit.trail)
            SELECT 'lost' AS x, event_id FROM published
                WHERE event_id NOT IN (SELECT event_id FROM kept)
            UNION ALL SELECT 'made up', event_id FROM kept
                WHERE event_id NOT IN (SELECT event_id FROM published)
            UNION ALL SELECT 'twice', event_id FROM published
                GROUP BY event_id HAVING COUNT(*) > 1
            """)
        #expect(differing.isEmpty, "\(seed): \(differing.prefix(5))")
    }
}
