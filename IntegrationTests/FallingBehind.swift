import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Falling behind` {
        /// What a backlog may cost beyond an idle process: each of the consumers has a batch
        /// of 100 events in hand and each log keeps at most 4 MiB of its newest, SQLite caches 2 MB
        /// a connection (a writer and four readers a module), and the rest is what the allocator
        /// keeps. A hundred thousand events would take 100 MiB if they were held, a million 1 GiB.
        private static let growthMax = 96
        private static let quick = ["FLOTILLA_ORDER_WELCOME_ORDER": "false"]

        @Test(arguments: Topology.monoliths)
        func `G12: consumers catch up with many events in order, within bounded memory`(
            topology: Topology
        ) async throws {
            let backlog = Backlog(
                userCount: topology.count(2_000, onPostgres: 1_000),
                eventCount: topology.count(100_000, onPostgres: 20_000))
            try await withSystem(topology, environment: Self.quick) {
                try await Witness(system: $0).install()
            } _: { system in
                let idle = try system.memory
                _ = try await system.stop()
                try await backlog.append(to: system.tables)
                try await system.start()
                let start = ContinuousClock.now
                try await caughtUp(system)
                let duration = (ContinuousClock.now - start) / .seconds(1)
                let memory = try system.memory
                let testimony = try await Witness(system: system).expectNoBreaches()
                try await expectProjections(of: backlog, in: system)
                #expect(memory.peak < idle.peak + Self.growthMax, "\(memory) after \(idle)")
                print(
                    """
                    \(backlog.eventCount) events in \(duration) s: \
                    \(Int(Double(backlog.eventCount) / duration)) events/s, \
                    \(Int(Double(testimony.handledCount) / duration)) handlings/s; \
                    \(memory), idle before: \(idle)
                    """)
            }
        }

        @Test(arguments: Topology.monoliths)
        func `G12: a million waiting events cost no more memory than a few`(
            topology: Topology
        ) async throws {
            let backlog = Backlog(userCount: 5_000, eventCount: 1_000_000)
            let modules = ["FLOTILLA_MODULES": "user,search"]
            try await withSystem(topology, environment: modules) { system in
                let idle = try system.memory
                _ = try await system.stop()
                try await backlog.append(to: system.tables)
                try await system.start()
                let end = ContinuousClock.now + .seconds(15)
                // Scrapes and probes look at the backlog too.
                while ContinuousClock.now < end {
                    let scraped = try await system.api.get("/metrics")
                    #expect(scraped.status == 200)
                    #expect(try await system.api.get("/health/integrations").status == 200)
                    try await Task.sleep(for: .milliseconds(500))
                }
                let memory = try system.memory
                let taken = try await place(of: "search.user-index", in: system)
                #expect(taken > 1_000 && taken < backlog.eventCount, "\(taken)")
                #expect(memory.peak < idle.peak + Self.growthMax, "\(memory) after \(idle)")
                let stopped = try await system.stop()
                #expect(stopped.exitCode == 0 && stopped.duration < .seconds(10))
                print("\(taken) of a million taken in 15 s; \(memory), idle before: \(idle)")
            }
        }

        private func place(of consumer: String, in system: RunningSystem) async throws -> Int {
            try await system.tables.rows(
                "search",
                "SELECT position AS x FROM inbox_cursors WHERE consumer = '\(consumer)'"
            ).first?["x"].int ?? 0
        }

        /// Waits for the log of User to be taken by everybody, and for what was parked meanwhile.
        private func caughtUp(_ system: RunningSystem) async throws {
            try await eventually("everybody has caught up", within: .seconds(300)) {
                // A scrape counts the backlog; one every 20 ms would be most of the work.
                try await Task.sleep(for: .milliseconds(500))
                return try await system.metricsOfModules.samples
                    .filter { $0.key.hasPrefix("flotilla_inbox_backlog_events") }
            } until: {
                !$0.isEmpty && $0.values.allSatisfy { $0 == "0" }
            }
            // What a broker has not brought yet is no backlog to whoever waits for it.
            try await system.quiet(within: .seconds(120))
        }

        private func expectProjections(
            of backlog: Backlog, in system: RunningSystem
        ) async throws {
            let users = (0..<backlog.userCount).map { number in
                [Backlog.user(number), backlog.lastName(of: number)]
            }
            for (module, table) in [("search", "indexed_users"), ("order", "customers")] {
                let rows = try await system.tables.rows(
                    module, "SELECT user_id, last_name FROM \(table) ORDER BY user_id")
                #expect(
                    rows.map { [$0["user_id"].string ?? "", $0["last_name"].string ?? ""] }
                        == users,
                    "\(table)")
            }
            let trail = try await system.tables.rows("audit", "SELECT COUNT(*) AS n FROM trail")
            #expect(trail.first?["n"].int == backlog.eventCount + Orders.products.count)
            #expect(try system.mailbox.mails.count == backlog.userCount)
        }
    }
}
