import FlotillaTesting
import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Owning a schema` {
        private static let modules = Witness.modules

        @Test func `each module works as a role that reaches no other's tables`() async throws {
            let server = try PostgresServer.shared()
            let uri = try server.makeDatabase()
            func roleURI(of module: String) -> String {
                uri.replacing("flotilla@", with: "flotilla_\(module)@")
            }
            var environment = ["FLOTILLA_STORAGE_URL": uri]
            for module in Self.modules {
                environment["FLOTILLA_MODULES_\(module.uppercased())_STORAGE_URL"] = roleURI(
                    of: module)
            }
            let directory = try Directory()
            for _ in 0..<2 {
                let made = try await Program.run(
                    Program.flotilla, ["migrate", "--roles"],
                    environment: ["FLOTILLA_STORAGE_URL": uri], input: Data(),
                    in: directory.path, within: .seconds(20))
                try #require(made.exitCode == 0, "\(made)")
                #expect(made.output.contains("order  owned by flotilla_order"))
            }
            directory.remove()
            try await withSystem(.monolithPostgres, environment: environment) { system in
                let person = try await system.person("Ada")
                let order = try await system.settledWelcomeOrder(of: person)
                #expect(order["status"] != "pending", "\(order)")
            }
            for module in Self.modules {
                let own = try server.run(
                    "SELECT COUNT(*) FROM \"\(module)\".outbox_events", in: roleURI(of: module))
                #expect(Int(own) != nil)
                for other in Self.modules where other != module {
                    #expect(throws: PostgresServerError.self) {
                        try server.run(
                            "SELECT 1 FROM \"\(other)\".outbox_events", in: roleURI(of: module))
                    }
                }
            }
            try server.run("DROP DATABASE \(uri.split(separator: "/").last ?? "") WITH (FORCE)")
        }

        @Test func `files have owners, not roles`() async throws {
            try await withSystem(.monolithSQLite) { system in
                let refused = try await system.command(["migrate", "--roles"])
                #expect(refused.exitCode == 2)
                #expect(refused.complaints.contains("--roles needs PostgreSQL"))
            }
        }
    }
}
