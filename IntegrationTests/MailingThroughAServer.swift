import Testing

extension `The whole system` {
    @Suite struct `Mailing through a server` {
        /// Patience for a server that comes back in a second or two.
        private static func environment(port: UInt16) -> [String: String] {
            [
                "FLOTILLA_MAIL_URL": "smtp://127.0.0.1:\(port)",
                "FLOTILLA_BUS_RETRY_MAX_ATTEMPTS": "100",
                "FLOTILLA_BUS_RETRY_INITIAL_DELAY": "20ms",
                "FLOTILLA_BUS_RETRY_MAX_DELAY": "200ms",
            ]
        }

        @Test(arguments: Topology.allCases)
        func `holds up nobody while the server is down, and sends once when it is up`(
            topology: Topology
        ) async throws {
            let port = try SilentListener.freePort()
            let environment = Self.environment(port: port)
            try await withSystem(topology, environment: environment) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                try await expectOthersAreDone(with: ada, admin: admin, in: system)
                try await eventually("a retry of the mail") {
                    Exposition(try await system.api(of: .followers).get("/metrics").text).value(
                        "flotilla_inbox_retried_total",
                        ["consumer": "notification.user-mails"]) ?? 0
                } until: {
                    $0 >= 3
                }
                let server = try await MailServer(port: port, directory: system.directory)
                try await system.quiet()
                let mails = try server.mailbox.mails(to: ada.email)
                #expect(mails.count == 1)
                #expect(mails.first?["Subject"] == "Welcome to Flotilla, Ada")
                #expect(try server.mailbox.mails(to: admin.email).count == 1)
                #expect(try server.mailbox.mails.count == 2)
                let notices = try await ada.api.get("/api/v1/notifications").items
                #expect(notices.count == 1)
            }
        }

        @Test(arguments: Topology.allCases)
        func `holds up nobody while the server says nothing`(topology: Topology) async throws {
            let listener = try SilentListener()
            let environment = Self.environment(port: listener.port)
            try await withSystem(topology, environment: environment) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                try await expectOthersAreDone(with: ada, admin: admin, in: system)
                let eve = try await system.person("Eve")
                try await expectOthersAreDone(with: eve, admin: admin, in: system)
            }
            withExtendedLifetime(listener) {}
        }

        private func expectOthersAreDone(
            with person: Person, admin: Person, in system: RunningSystem
        ) async throws {
            _ = try await system.settledWelcomeOrder(of: person, within: .seconds(2))
            try await eventually("the search hit", within: .seconds(2)) {
                try await system.search(String(person.email.prefix(3)), by: admin)
            } until: {
                $0.map { $0["id"].string } == [person.id]
            }
            try await eventually("the trail", within: .seconds(2)) {
                try await admin.api.get("/api/v1/audit/events?subjectId=\(person.id)").items
            } until: {
                $0.contains { $0["type"] == "UserRegisteredEventV1" }
            }
            #expect(try await person.api.get("/api/v1/notifications").items.isEmpty)
        }
    }
}
