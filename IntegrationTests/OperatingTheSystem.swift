import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Operating the system` {
        @Test(arguments: Topology.allCases)
        func `lists types, migrations and checks beside the running server`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let types = try await system.command(["events", "types", "--json"])
                #expect(types.exitCode == 0 && types.complaints.isEmpty, "\(types)")
                let items = try JSON(parsing: Data(types.output.utf8))["items"].array
                let registered = items.first { $0["type"] == "UserRegisteredEventV1" }
                #expect(registered?["topic"] == "user.events")
                #expect(registered?["publisher"] == "user")
                let consumers = registered?["consumers"].array.compactMap(\.string) ?? []
                #expect(
                    Set(consumers).isSuperset(of: [
                        "notification.user-mails", "search.user-index", "order.customers",
                        "order.welcome-order", "audit.trail",
                    ]))
                let status = try await system.command(["migrate", "--status", "--json"])
                #expect(status.exitCode == 0 && status.complaints.isEmpty, "\(status)")
                let steps = try JSON(parsing: Data(status.output.utf8))["items"].array
                #expect(steps.count >= 12)
                #expect(steps.allSatisfy { $0["appliedAt"].string != nil }, "\(steps)")
                let check = try await system.command(["check"])
                #expect(check.exitCode == 0 && check.complaints.isEmpty, "\(check)")
                #expect(check.output.contains("ok    mail"), "\(check)")
                #expect(check.output.contains("ok    database.audit"), "\(check)")
                #expect(check.output.contains("ok    bus.kafka") == topology.isSplit, "\(check)")
            }
        }

        @Test(arguments: Topology.allCases)
        func `tells the life of an event on the command line and over HTTP alike`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                _ = try await system.settledWelcomeOrder(of: ada)
                try await system.quiet()
                let trail = try await admin.api.get("/api/v1/audit/events?subjectId=\(ada.id)")
                let registered = trail.items.first { $0["type"] == "UserRegisteredEventV1" }
                let id = try #require(registered?["id"].string)
                let shown = try await system.command(["events", "show", id, "--json"])
                #expect(shown.exitCode == 0, "\(shown)")
                let story = try JSON(parsing: Data(shown.output.utf8))
                #expect(story["id"].string == id)
                #expect(story["deliveries"].array.count == 5)
                #expect(story["deliveries"].array.allSatisfy { $0["state"] == "handled" })
                #expect(story["caused"][0]["type"] == "OrderCreatedEventV1")
                #expect(story["caused"][0]["caused"][0]["type"] == "StockHeldEventV1")
                // The first to ask may still see an event that is about to leave its log.
                try await eventually("the same story over HTTP") {
                    try await admin.api.get("/api/v1/admin/events/\(id)").json
                } until: {
                    $0 == story
                }
                if topology.isSplit {
                    let user = system.api(of: .user).with(token: admin.api.token)
                    let part = try await user.get("/api/v1/admin/events/\(id)").json
                    #expect(Set(part["deliveries"].array.map { $0["state"] }) == ["elsewhere"])
                    #expect(part["relay"] == story["relay"])
                }
                let unknown = try await system.command(
                    ["events", "show", "01970000-0000-7000-8000-000000000001"])
                #expect(unknown.exitCode == 2 && unknown.complaintLines.count == 1, "\(unknown)")
            }
        }

        /// Whoever registered an address that they can't read must not get its rights.
        @Test(arguments: Topology.allCases)
        func `makes an administrator of an unconfirmed account, under the given password alone`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                expectProblem(
                    try await ada.api.get("/api/v1/audit/events"), 403, "auth.forbidden")
                for password in ["the given password", "a later password"] {
                    let made = try await system.command(
                        ["admin", "create-user", "--email", ada.email],
                        environment: ["FLOTILLA_ADMIN_PASSWORD": password])
                    #expect(made.exitCode == 0 && made.complaints.isEmpty, "\(made)")
                }
                for password in [ada.password, "a later password"] {
                    expectProblem(
                        try await system.api.post(
                            "/api/v1/sessions",
                            ["email": .string(ada.email), "password": .string(password)]),
                        401, "auth.wrong_credentials")
                }
                let again = try await system.logIn(
                    email: ada.email, password: "the given password")
                let trail = try await eventually("the trail shows the role") {
                    try await again.api.get("/api/v1/audit/events?subjectId=\(ada.id)")
                } until: {
                    $0.items.contains { $0["type"] == "UserRoleAssignedEventV1" }
                }
                #expect(trail.items.count { $0["type"] == "UserRoleAssignedEventV1" } == 1)
            }
        }
    }
}
