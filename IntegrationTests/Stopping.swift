import Testing

extension `The whole system` {
    @Suite struct `Stopping` {
        @Test(arguments: Topology.allCases)
        func `takes an idle system no time and leaves nothing undone`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let ada = try await system.person("Ada")
                _ = try await system.settledWelcomeOrder(of: ada)
                let end = try await system.stop()
                #expect(end.exitCode == 0)
                #expect(end.duration < .seconds(5))
                let logs = system.directory.names(in: "data").filter { $0.hasSuffix("-wal") }
                for log in logs {
                    #expect(try system.directory.text("data/\(log)").isEmpty, "one file is all")
                }
                try await system.start()
                let again = try await system.logIn(email: ada.email)
                #expect(try await again.api.get("/api/v1/users/me").json["id"].string == ada.id)
            }
        }

        @Test(arguments: Topology.allCases)
        func `answers the requests in hand, and takes no more`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let people = (0..<4).map { Person.registration("Late", number: $0).description }
                let connections = try people.map { body in
                    let connection = try RawConnection(port: system.port)
                    try connection.write(
                        """
                        POST /api/v1/users HTTP/1.1\r
                        Host: test\r
                        Content-Type: application/json\r
                        Content-Length: \(body.utf8.count)\r
                        \r

                        """ + body.prefix(10))
                    return connection
                }
                try await eventually("four requests in hand") {
                    Exposition(try await system.api.get("/metrics").text).value(
                        "http_server_active_requests", ["http_request_method": "POST"])
                } until: {
                    $0 == 4
                }
                system.requestStop()
                try await eventually("nobody listens") {
                    (try? RawConnection(port: system.port)) == nil
                } until: {
                    $0
                }
                for (connection, body) in zip(connections, people) {
                    try connection.write(String(body.dropFirst(10)))
                }
                for connection in connections {
                    let answer = try #require(connection.read(until: "\"status\""))
                    #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n"), "\(answer)")
                }
                let end = try await system.stop()
                #expect(end.exitCode == 0)
                #expect(end.duration < .seconds(10))
                try await system.start()
                try await system.quiet()
                #expect(try system.mailbox.mails.count == people.count)
            }
        }

        @Test(arguments: Topology.allCases)
        func `keeps every promise of a burst that it ends`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let burst = RegistrationBurst(count: 100)
                try await burst.run(against: system.api) { count in
                    if count == 30 { system.requestStop() }
                }
                let end = try await system.stop()
                #expect(end.exitCode == 0)
                #expect(end.duration < .seconds(10))
                try await system.start()
                try await system.quiet()
                let answered = burst.answered
                #expect(answered.count >= 30)
                let users = try await system.tables.counts("user", "SELECT id AS x FROM users")
                #expect(users.count == answered.count, "each request was answered or refused")
                #expect(Set(users.keys) == Set(answered.keys))
                #expect(try system.mailbox.mails.count == answered.count)
            }
        }

        @Test(arguments: Topology.allCases)
        func `takes less than ten seconds, though a mail server says nothing`(
            topology: Topology
        ) async throws {
            let listener = try SilentListener()
            let mail = ["FLOTILLA_MAIL_URL": "smtp://127.0.0.1:\(listener.port)"]
            try await withSystem(topology, environment: mail) { system in
                let ada = try await system.person("Ada")
                _ = try await system.settledWelcomeOrder(of: ada)
                let end = try await system.stop()
                #expect(end.exitCode == 0)
                #expect(end.duration < .seconds(10))
            }
            withExtendedLifetime(listener) {}
        }
    }
}
