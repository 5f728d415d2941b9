import FlotillaTesting
import Foundation
import Testing

extension `The whole system under strain` {
    /// On PostgreSQL: the server is another program, and goes its own ways.
    @Suite struct `Losing the database` {
        /// A request waits for a connection for 5 s, and may meet a second one that is lost.
        private static let deadline = Duration.seconds(12)
        /// What waits is bounded, and what is lost is let go.
        private static let growthMaxMebibytes = 64

        @Test func `G6: sessions that are ended under load cost no answered request`() async throws
        {
            try await withServer(try OwnServer()) { server, system in
                try await endure(system, "ended sessions") { load in
                    var endedCount = 0
                    for _ in 0..<30 {
                        try await Task.sleep(for: .milliseconds(150))
                        endedCount += try await server.terminateSessions()
                    }
                    #expect(endedCount > 30, "hardly any session")
                    try await more(than: 20, in: load)
                }
            }
        }

        @Test(arguments: [true, false])
        func `G6: a server that is started again is found again`(atOnce: Bool) async throws {
            try await withServer(try OwnServer()) { server, system in
                try await endure(system, "started again") { load in
                    for _ in 0..<3 {
                        try await more(than: 20, in: load)
                        server.stop(atOnce: atOnce)
                        try await expectAway(system, "can't be reached")
                        try server.start()
                        try await expectReady(system)
                    }
                    try await more(than: 20, in: load)
                }
            }
        }

        @Test func `G6: a server that is away for a while is done without, and waited for`()
            async throws
        {
            try await withServer(try OwnServer()) { server, system in
                try await endure(system, "away") { load in
                    try await more(than: 20, in: load)
                    server.stop()
                    try await expectAway(system, "can't be reached")
                    let (answered, refused) = counts(of: load)
                    try await Task.sleep(for: .seconds(15))
                    #expect(system.server?.end == nil, "it lives on")
                    #expect(counts(of: load).answered == answered, "nothing can be kept")
                    #expect(counts(of: load).refused > refused + 20, "nobody is kept waiting")
                    #expect(try await system.api.get("/.well-known/jwks.json").status == 200)
                    try await expectAway(system, "can't be reached")
                    try server.start()
                    try await expectReady(system)
                    try await more(than: 20, in: load)
                }
            }
        }

        @Test func `G6: a server that says nothing keeps nobody waiting for ever`() async throws {
            let patience = ["FLOTILLA_HTTP_REQUEST_TIMEOUT": "3s"]
            try await withServer(try OwnServer(), environment: patience) { server, system in
                // Cancelling a statement is tried for a second more.
                try await endure(system, "silent", deadline: .seconds(6)) { load in
                    try await more(than: 20, in: load)
                    try server.pause()
                    try await expectAway(system, "does not answer")
                    let refused = counts(of: load).refused
                    let end = ContinuousClock.now + .seconds(15)
                    while ContinuousClock.now < end {
                        #expect(try await system.api.get("/health/live").status == 200)
                        #expect(try await system.api.get("/health/ready").status == 503)
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    #expect(counts(of: load).refused > refused + 10, "each in its time")
                    try server.resume()
                    try await expectReady(system)
                    try await more(than: 20, in: load)
                }
            }
        }

        /// Six modules listen, and what is left are less than two sessions a module.
        @Test func `G6: a server with few connections is shared`() async throws {
            let server = try OwnServer(options: "max_connections=16")
            try await withServer(server) { _, system in
                try await endure(system, "few connections") { load in
                    for _ in 0..<5 { try await more(than: 40, in: load) }
                }
            }
        }

        @Test func `G6: a role without connections left gets them back`() async throws {
            try await withServer(try OwnServer(role: "app")) { server, system in
                try await endure(system, "no connections") { load in
                    try await more(than: 20, in: load)
                    try await server.run("ALTER ROLE app CONNECTION LIMIT 0")
                    try await server.terminateSessions()
                    try await expectAway(system, "can't be reached")
                    try await Task.sleep(for: .seconds(2))
                    try await server.run("ALTER ROLE app CONNECTION LIMIT -1")
                    try await expectReady(system)
                    try await more(than: 20, in: load)
                }
            }
        }

        @Test func `G6: a server that can only be read refuses writes and answers reads`()
            async throws
        {
            try await withServer(try OwnServer()) { server, system in
                let setting = "ALTER DATABASE \(server.name) SET default_transaction_read_only"
                try await endure(system, "read-only") { load in
                    let reader = try await system.logIn(email: "regular1@example.com")
                    try await more(than: 20, in: load)
                    try await server.run("\(setting) = on")
                    try await server.terminateSessions()
                    try await expectAway(system, "can only be read")
                    let answered = counts(of: load).answered
                    try await Task.sleep(for: .seconds(2))
                    #expect(counts(of: load).answered == answered, "nothing can be kept")
                    #expect(try await reader.api.get("/api/v1/orders").status == 200)
                    try await server.run("\(setting) = off")
                    try await expectReady(system)
                    try await more(than: 20, in: load)
                }
            }
        }

        @Test(
            .enabled("mounting a small tmpfs needs CAP_SYS_ADMIN") {
                await SmallDisk.isPossible()
            })
        func `G6: a server whose disk is full loses nothing that was answered`() async throws {
            let directory = try Directory()
            defer { directory.remove() }
            let disk = try await SmallDisk(at: directory.path, mebibytes: 80)
            do {
                let server = try OwnServer()
                try await server.moveDatabase(to: disk)
                try await withServer(server) { _, system in
                    try await endure(system, "no space") { load in
                        for _ in 0..<2 {
                            try await more(than: 20, in: load)
                            try await disk.begin()
                            // Pages that are there already take some more.
                            try await eventually("writes are refused", within: .seconds(30)) {
                                load.remembered.setbacks.count
                            } until: {
                                $0 > 20
                            }
                            try await Task.sleep(for: .seconds(2))
                            #expect(system.server?.end == nil, "it lives on")
                            #expect(try await system.api.get("/health/live").status == 200)
                            try await disk.end()
                            try await expectReady(system)
                        }
                        try await more(than: 20, in: load)
                    }
                }
            } catch {
                await disk.remove()
                throw error
            }
            await disk.remove()
        }
    }
}

extension `The whole system under strain`.`Losing the database` {
    private func withServer(
        _ server: OwnServer, environment: [String: String] = [:],
        _ body: (OwnServer, RunningSystem) async throws -> Void
    ) async throws {
        defer { server.remove() }
        let storage = environment.merging(["FLOTILLA_STORAGE_URL": server.url]) { $1 }
        try await withSystem(.monolithPostgres, environment: storage) {
            try await Witness(system: $0).install()
        } _: {
            try await body(server, $0)
        }
    }

    /// Has a system under load meet what `body` does, and checks that nothing came of it but
    /// refusals in time.
    private func endure(
        _ system: RunningSystem, _ what: String, deadline: Duration = Self.deadline,
        _ body: (Load) async throws -> Void
    ) async throws {
        let process = try #require(system.server?.process)
        let regulars = [
            try await system.person("Regular", number: 1),
            try await system.person("Regular", number: 2),
        ]
        let idle = try system.memory
        let load = Load(isPatient: true) { system.api }
        async let running: Void = load.run(regulars: regulars)
        do {
            try await body(load)
        } catch {
            load.end()
            throw error
        }
        load.end()
        try await running
        try await system.quiet(within: .seconds(60))
        let memory = try system.memory
        #expect(memory.peak < idle.peak + Self.growthMaxMebibytes, "\(memory) after \(idle)")
        #expect(system.server?.process == process && system.server?.end == nil)
        #expect(try await system.stop().exitCode == 0)
        let testimony = try await Witness(system: system).testimony()
        #expect(testimony.breaches.isEmpty, "\(testimony.breaches)")
        let remembered = load.remembered
        expectRefusals(in: remembered, within: deadline)
        try await Reckoning(system: system, load: remembered, regulars: regulars)
            .expectOneOfEach(what)
        print(
            """
            \(what): \(remembered.answeredCount) answered, \(remembered.repetitionCount) \
            refused, the slowest after \(remembered.slowest); \(memory), idle before: \(idle)
            """)
    }

    private func expectRefusals(in memory: Load.Memory, within deadline: Duration) {
        #expect(memory.brokenCount == 0, "each request is answered")
        #expect(memory.slowest < deadline)
        for answer in memory.setbacks {
            guard answer.status == 503, answer.headers["retry-after"] != nil,
                answer.json["code"] == "service.unavailable"
            else {
                Issue.record("\(answer)")
                return
            }
        }
        if let answer = memory.setbacks.last {
            expectProblem(answer, 503, "service.unavailable")
        }
    }

    private func counts(of load: Load) -> (answered: Int, refused: Int) {
        (load.remembered.answeredCount, load.remembered.repetitionCount)
    }

    /// Waits until so many more requests were answered.
    private func more(than count: Int, in load: Load) async throws {
        let before = load.remembered.answeredCount
        try await eventually("\(count) more answers", within: .seconds(30)) {
            load.remembered.answeredCount - before
        } until: {
            $0 > count
        }
    }

    /// The process lives, is not ready, and says why.
    private func expectAway(_ system: RunningSystem, _ reason: JSON) async throws {
        let report = try await eventually("it is not ready") {
            try await system.api.get("/health/ready")
        } until: { report in
            report.status == 503
                && Witness.modules.allSatisfy {
                    report.json["checks"]["database.\($0)"]["detail"] == reason
                }
        }
        #expect(report.json["status"] == "fail", "\(report)")
        #expect(try await system.api.get("/health/live").status == 200)
    }

    private func expectReady(_ system: RunningSystem) async throws {
        try await eventually("it is ready", within: .seconds(15)) {
            try await system.api.get("/health/ready")
        } until: {
            $0.status == 200
        }
    }
}

extension OwnServer {
    /// Puts the database into a directory that is small.
    fileprivate func moveDatabase(to disk: SmallDisk) async throws {
        let given = try await Program.run(
            "/bin/sh", ["-c", "id -u postgres >/dev/null && chown postgres \(disk.path)"])
        try #require(given.exitCode == 0, "\(given)")
        try await run("CREATE TABLESPACE small LOCATION '\(disk.path)'")
        try await run("ALTER DATABASE \(name) SET TABLESPACE small")
    }
}
