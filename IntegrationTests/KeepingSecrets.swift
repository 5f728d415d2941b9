import Foundation
import Testing

extension `The whole system` {
    /// Values that nobody else has, sent through everything that a user does; then every place
    /// that people look at is searched for them.
    @Suite struct `Keeping secrets` {
        @Test(arguments: Topology.allCases)
        func `B110: shows no password, token, address or name where it does not belong`(
            topology: Topology
        ) async throws {
            let debug = ["FLOTILLA_LOG_LEVEL": "trace"]
            try await withSystem(topology, environment: debug) { system in
                let admin = try await system.administrator()
                var canary = Canary(in: system)
                try await canary.sing(beside: admin)
                let secrets = canary.secrets + [try #require(admin.api.token)]
                try await system.quiet()
                let metrics = try await metrics(of: system)
                let trail = try await admin.api.all("/api/v1/audit/events")
                let payloads = trail.map(\.description).joined(separator: "\n")
                let problems = canary.refusals.map(\.text).joined(separator: "\n")
                let notices = try await system.tables.rows("notification", "SELECT * FROM notices")
                #expect(trail.count > 20 && secrets.count > 40 && canary.refusals.count > 15)
                #expect(payloads.contains(Canary.email), "the canary was not there to be seen")
                _ = try await system.stop()
                let log = try system.logText
                #expect(log.contains("\"request\""))
                let data = try await data(of: system)
                #expect(data.range(of: Data(Canary.email.utf8)) != nil)
                for secret in secrets {
                    #expect(!log.contains(secret), "a log line holds \(secret)")
                    #expect(!metrics.contains(secret), "/metrics holds \(secret)")
                    #expect(!payloads.contains(secret), "an event holds \(secret)")
                    #expect(!problems.contains(secret), "an error body holds \(secret)")
                    #expect(!notices.description.contains(secret), "a notice holds \(secret)")
                    #expect(data.range(of: Data(secret.utf8)) == nil, "a database: \(secret)")
                }
                for personal in Canary.personal {
                    #expect(!log.contains(personal), "a log line holds \(personal)")
                    #expect(!metrics.contains(personal), "/metrics holds \(personal)")
                    #expect(!problems.contains(personal), "an error body holds \(personal)")
                }
            }
        }

        private func metrics(of system: RunningSystem) async throws -> String {
            var texts: [String] = []
            for api in system.apisOfProcesses { texts.append(try await api.get("/metrics").text) }
            return texts.joined()
        }

        /// Everything that the databases hold.
        private func data(of system: RunningSystem) async throws -> Data {
            guard !system.topology.isOnPostgres else {
                let dump = try await Program.run(
                    Program.psql.replacing("psql", with: "pg_dump"), [system.tables.url])
                try #require(dump.exitCode == 0, "\(dump)")
                return Data(dump.output.utf8)
            }
            let directory = system.directory
            return try directory.names(in: "data").filter { $0.contains(".sqlite") }
                .reduce(into: Data()) { data, name in
                    data += try Data(
                        contentsOf: URL(filePath: "\(directory.path)/data/\(name)"))
                }
        }
    }
}
