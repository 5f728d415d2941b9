import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Coming back from a backup` {
        /// The audit trail has heard of what the restored log knows nothing of. Of files, which can
        /// be put back one by one.
        @Test func `a command says nothing at a position that was given out before`() async throws {
            try await withSystem(.monolithSQLite) { system in
                let admin = try await system.administrator()
                let user = Backlog.user(1)
                try await Poison(tables: system.tables).publish(
                    1, key: user, Poison.unreadable(user))
                try await system.deadLetters(count: Poison.hearers.count)
                #expect(try await system.stop().exitCode == 0)
                let backup = try Directory()
                defer { backup.remove() }
                let (database, copy) = (
                    "\(system.directory.path)/data/search.sqlite", "\(backup.path)/search.sqlite"
                )
                try FileManager.default.copyItem(atPath: database, toPath: copy)

                try await system.start()
                for _ in 1...3 { try await retry(in: system) }
                try await expectRetriesInTrail(3, admin.api.with(url: system.api.url))
                #expect(try await system.stop().exitCode == 0)
                let lost = try await head(in: system)
                try FileManager.default.removeItem(atPath: database)
                try FileManager.default.copyItem(atPath: copy, toPath: database)
                #expect(try await head(in: system) < lost)

                try await retry(in: system)
                #expect(try await head(in: system) > lost)
                try await system.start()
                try await expectRetriesInTrail(4, admin.api.with(url: system.api.url))
            }
        }

        private func retry(in system: RunningSystem) async throws {
            let run = try await system.command(
                ["dead-letters", "retry", "--consumer", "search.user-index"])
            #expect(run.exitCode == 0 && run.output.hasPrefix("1 dead letter"), "\(run)")
            guard system.server?.end == nil else { return }
            try await system.deadLetters(count: Poison.hearers.count)
        }

        private func head(in system: RunningSystem) async throws -> Int {
            let rows = try await system.tables.rows(
                "search", "SELECT COALESCE(MAX(position), 0) AS x FROM outbox_events")
            return rows.first?["x"].int ?? 0
        }

        private func expectRetriesInTrail(_ count: Int, _ api: API) async throws {
            try await eventually("\(count) retries in the trail") {
                try await api.get("/api/v1/audit/events?type=DeadLetterRetriedEventV1").items.count
            } until: {
                $0 == count
            }
        }
    }
}
