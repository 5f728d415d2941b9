import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Hearing it again under fire` {
        private static let consumer = "search.user-index"

        @Test(arguments: Topology.monoliths)
        func `G9: a rebuild that is killed comes to the same in every byte`(
            topology: Topology
        ) async throws {
            let backlog = Backlog(userCount: 10_000, eventCount: 10_000)
            let modules = ["FLOTILLA_MODULES": "user,search"]
            try await withSystem(topology, environment: modules) { system in
                let admin = try await system.administrator()
                _ = try await system.stop()
                try await backlog.append(to: system.tables)
                try await system.start()
                let head = try await system.tables.rows(
                    "user", "SELECT MAX(position) AS x FROM outbox_events"
                ).first?["x"].int
                try await eventually("all is taken", within: .seconds(60)) {
                    try await place(in: system)
                } until: {
                    $0 == head
                }
                let before = try await system.searchProjection
                let answer = try await admin.api.with(url: system.api.url)
                    .send("POST", "/api/v1/admin/consumers/\(Self.consumer)/replay")
                #expect(answer.status == 202, "\(answer)")
                try await eventually("it is under way", within: .seconds(30)) {
                    try await place(in: system)
                } until: {
                    (1_000..<backlog.eventCount - 1_000).contains($0)
                }
                try await system.kill()
                #expect(try await system.searchProjection != before)
                try await system.start()
                try await eventually("the replay ends", within: .seconds(60)) {
                    try await system.tables.rows(
                        "search", "SELECT 1 AS x FROM inbox_replays WHERE ended_at IS NULL")
                } until: {
                    $0.isEmpty
                }
                #expect(try await system.searchProjection == before)
            }
        }

        private func place(in system: RunningSystem) async throws -> Int {
            try await system.tables.rows(
                "search",
                "SELECT position AS x FROM inbox_cursors WHERE consumer = '\(Self.consumer)'"
            ).first?["x"].int ?? 0
        }
    }
}
