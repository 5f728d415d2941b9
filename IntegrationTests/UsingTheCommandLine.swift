import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Using the command line` {
        @Test func `helps with every command`() async throws {
            var commands: [[String]] = [[]]
            var seen: Set<String> = []
            while let command = commands.popLast() {
                let help = try await run(command + ["--help"])
                #expect(help.exitCode == 0, "\(command): \(help)")
                #expect(help.complaints.isEmpty, "\(command): \(help)")
                #expect(help.output.contains("USAGE: flotilla"), "\(command): \(help)")
                seen.insert(command.joined(separator: " "))
                commands += Self.subcommands(in: help.output).map { command + [$0] }
            }
            let expected: Set = [
                "serve", "migrate", "check", "admin create-user", "events types", "events show",
                "version",
            ]
            #expect(expected.subtracting(seen).isEmpty)
        }

        /// The names below `SUBCOMMANDS:`, one an indented line.
        private static func subcommands(in help: String) -> [String] {
            guard let list = help.split(separator: "SUBCOMMANDS:\n").dropFirst().first else {
                return []
            }
            return list.split(separator: "\n").compactMap {
                $0.firstMatch(of: /^  ([a-z][a-z-]*)/).map { String($0.1) }
            }.filter { $0 != "help" }
        }

        static let misuses: [[String]] = [
            ["frobnicate"], ["serve", "--frobnicate"], ["serve", "frobnicate"],
            ["events", "frobnicate"], ["events", "show", "no-id"], ["events", "show"],
            ["serve", "--port", "x"], ["serve", "--port", "70000"],
            ["serve", "--modules", "nothing"], ["admin", "create-user"],
            ["admin", "create-user", "--email", "x"],
        ]

        @Test(arguments: misuses)
        func `refuses misuse in one line, with exit code 2`(arguments: [String]) async throws {
            let misuse = try await run(
                arguments, environment: ["FLOTILLA_ADMIN_PASSWORD": Person.password])
            #expect(misuse.exitCode == 2, "\(misuse)")
            #expect(misuse.output.isEmpty, "\(misuse)")
            #expect(misuse.complaintLines.count == 1, "\(misuse)")
        }

        @Test func `shows where steps stand without making anything`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            let status = try await Program.run(
                Program.flotilla, ["migrate", "--status"],
                environment: ["FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"],
                in: directory.path)
            #expect(status.exitCode == 0 && status.output.contains("pending"), "\(status)")
            #expect(directory.names(in: "data").isEmpty, "--status changes nothing")
        }

        @Test func `checks everything, tells all problems at once, and makes nothing`() async throws
        {
            let directory = try Directory()
            defer { directory.remove() }
            let storage = ["FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"]
            let fresh = try await Program.run(
                Program.flotilla, ["check"], environment: storage, in: directory.path)
            #expect(fresh.exitCode == 0, "\(fresh)")
            #expect(directory.names(in: "data").isEmpty, "check makes nothing")
            let migrated = try await Program.run(
                Program.flotilla, ["migrate"], environment: storage, in: directory.path)
            #expect(migrated.exitCode == 0, "\(migrated)")
            for file in ["audit.sqlite-wal", "audit.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: "\(directory.path)/data/\(file)")
            }
            try directory.write("garbage", to: "data/audit.sqlite")
            let edited = try await Program.run(
                "/usr/bin/sqlite3",
                [
                    "\(directory.path)/data/order.sqlite",
                    "UPDATE schema_migrations SET checksum = 'x' WHERE component = 'order'",
                ])
            #expect(edited.exitCode == 0, "\(edited)")
            let broken = try await Program.run(
                Program.flotilla, ["check"],
                environment: storage.merging([
                    "FLOTILLA_AUTH_SIGNING_KEY": "abc", "FLOTILLA_MAIL_URL": "smtp://127.0.0.1:1",
                ]) { $1 }, in: directory.path)
            #expect(broken.exitCode == 2, "\(broken)")
            for part in ["auth.signingKey", "database.audit", "database.order", "mail"] {
                #expect(broken.complaintLines.contains { $0.contains(part) }, "\(broken)")
            }
            #expect(broken.complaintLines.count == 4, "\(broken)")
        }

        @Test func `speaks no SQL where nothing was served yet`() async throws {
            let reading = try await run(
                ["events", "show", "01970000-0000-7000-8000-000000000001"])
            #expect(reading.exitCode == 2, "\(reading)")
            #expect(reading.complaintLines.count == 1, "\(reading)")
            #expect(!reading.complaints.contains("SQLITE"), "\(reading)")
            #expect(!reading.complaints.contains("no such table"), "\(reading)")
        }

        @Test func `reports every problem of the configuration, a line each`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            try directory.write(
                "http:\n  prot: 1\n  port: x\nmail:\n  url: carrier-pigeon\n", to: "bad.yaml")
            for command in ["serve", "check", "migrate"] {
                let refused = try await run(
                    [command, "--config", "\(directory.path)/bad.yaml"],
                    environment: [
                        "FLOTILLA_HTTP_PROT": "1", "FLOTILLA_LOG_LEVEL": "loud",
                        "FLOTILLA_BUS_RETRY_MAX_ATTEMPTS": "0",
                    ])
                #expect(refused.exitCode == 2, "\(refused)")
                #expect(refused.output.isEmpty, "\(refused)")
                let lines = refused.complaintLines
                #expect(lines.count == 6, "\(refused)")
                for part in [
                    "http.prot", "http.port: \"x\"", "mail.url", "FLOTILLA_HTTP_PROT",
                    "log.level: \"loud\"", "bus.retry.maxAttempts: \"0\"",
                ] {
                    #expect(lines.count { $0.contains(part) } == 1, "\(part): \(refused)")
                }
            }
        }

        @Test func `refuses a configuration file that is not there`() async throws {
            for command in ["serve", "check", "migrate"] {
                let refused = try await run([command, "--config", "/no/such/file.yaml"])
                #expect(refused.exitCode == 2, "\(refused)")
                #expect(refused.output.isEmpty, "\(refused)")
                #expect(refused.complaintLines.count == 1, "\(refused)")
                #expect(refused.complaints.contains("/no/such/file.yaml"), "\(refused)")
            }
        }

        @Test func `serves the documented configuration file`() async throws {
            let file = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            let checked = try await run(["check", "--config", "/\(file)/config/monolith.yaml"])
            #expect(checked.exitCode == 0, "\(checked)")
        }

        private func run(
            _ arguments: [String], environment: [String: String] = [:]
        ) async throws -> Program {
            let directory = try Directory()
            defer { directory.remove() }
            let storage = ["FLOTILLA_STORAGE_URL": "sqlite:\(directory.path)/data"]
            return try await Program.run(
                Program.flotilla, arguments, environment: storage.merging(environment) { $1 },
                in: directory.path, within: .seconds(10))
        }
    }
}
