import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Refusing to start` {
        @Test(arguments: Topology.monoliths)
        func `says so when an applied migration was edited`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                _ = try await system.stop()
                try await system.tables.damage(
                    "order",
                    """
                    UPDATE schema_migrations SET checksum = 'x'
                    WHERE component = 'order' AND version = 1
                    """)
                for command in [["serve", "--port", "0"], ["migrate"], ["migrate", "--status"]] {
                    let refused = try await system.command(command)
                    expectOneLine(refused, naming: "order step 1", "edited")
                    #expect(!refused.output.contains("listening"), "\(refused)")
                }
            }
        }

        @Test(arguments: Topology.monoliths)
        func `says so when the databases are of a newer version`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                _ = try await system.stop()
                try await system.tables.damage(
                    "user",
                    """
                    INSERT INTO schema_migrations
                    SELECT component, 99, 'later', 'x', applied_at FROM schema_migrations
                    WHERE component = 'user' AND version = 1
                    """)
                let refused = try await system.command(["serve", "--port", "0"])
                expectOneLine(refused, naming: "user", "99")
            }
        }

        @Test(arguments: Topology.monoliths)
        func `says so when the port is taken`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let refused = try await system.command(["serve", "--port", "\(system.port)"])
                expectOneLine(refused, naming: "\(system.port)", "")
                #expect(!refused.output.contains("listening"), "\(refused)")
                #expect(try await system.api.get("/health/ready").status == 200)
            }
        }

        @Test func `B56: wants a signing key in production`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            for command in [["serve", "--port", "0"], ["check"], ["migrate"]] {
                let refused = try await Program.run(
                    Program.flotilla, command,
                    environment: [
                        "FLOTILLA_ENVIRONMENT": "production",
                        "FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data",
                    ], in: directory.path)
                #expect(refused.exitCode == 2, "\(refused)")
                // `check` goes on to tell what is in order.
                #expect(refused.output.isEmpty || command == ["check"], "\(refused)")
                #expect(refused.complaintLines.count == 1, "\(refused)")
                #expect(refused.complaints.contains("auth.signingKey"), "\(refused)")
                #expect(directory.names(in: "data").isEmpty, "nothing may be written")
            }
        }

        @Test func `serves in production with a key from a file`() async throws {
            let keys = try Directory()
            defer { keys.remove() }
            let made = try await Program.run(
                "/usr/bin/openssl", ["genpkey", "-algorithm", "ed25519", "-out", "key.pem"],
                in: keys.path)
            try #require(made.exitCode == 0, "\(made)")
            let environment = [
                "FLOTILLA_ENVIRONMENT": "production",
                "FLOTILLA_AUTH_SIGNING_KEY": "file:\(keys.path)/key.pem",
            ]
            try await withSystem(.monolithSQLite, environment: environment) { system in
                let ada = try await system.person("Ada")
                #expect(try await ada.api.get("/api/v1/users/me").status == 200)
                #expect(!system.directory.names(in: "data").contains("signing-key.pem"))
            }
        }

        private func expectOneLine(
            _ refused: Program, naming first: String, _ second: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let lines = refused.complaintLines
            #expect(refused.exitCode != 0, "\(refused)", sourceLocation: sourceLocation)
            #expect(refused.exitCode < 128, "\(refused)", sourceLocation: sourceLocation)
            #expect(lines.count == 1, "\(refused)", sourceLocation: sourceLocation)
            #expect(
                refused.complaints.contains(first)
                    && (second.isEmpty || refused.complaints.contains(second)),
                "\(refused)", sourceLocation: sourceLocation)
        }
    }
}
