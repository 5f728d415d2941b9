import Foundation
import Testing

extension `The whole system under strain` {
    /// On SQLite, whose files are this process's own. What a server's full disk does is told in
    /// `Losing the database`.
    @Suite struct `Running out of space` {
        private static let mebibytes = 40

        @Test(
            .enabled("mounting a small tmpfs needs CAP_SYS_ADMIN") {
                await SmallDisk.isPossible()
            })
        func `G6: a full disk loses nothing that was answered, and is recovered from`()
            async throws
        {
            let directory = try Directory()
            defer { directory.remove() }
            let disk = try await SmallDisk(at: directory.path, mebibytes: Self.mebibytes)
            do {
                // The mails go elsewhere: a mail server has a disk of its own.
                let places = ["FLOTILLA_STORAGE_URL": "sqlite:\(disk.path)"]
                try await withSystem(.monolithSQLite, environment: places) { system in
                    try await Witness(system: system).install()
                } _: { system in
                    try await endure(disk, system)
                }
            } catch {
                await disk.remove()
                throw error
            }
            await disk.remove()
        }

        @Test(
            .enabled(if: FileSizeLimit.isPossible, "there is no prlimit to limit files with"))
        func `G6: files that may not grow lose nothing that was answered`() async throws {
            try await withSystem(.monolithSQLite) {
                try await Witness(system: $0).install()
            } _: { system in
                let process = try #require(system.server?.process)
                try await endure(FileSizeLimit(process: process), system)
            }
        }

        /// Has a system under load run short twice, and checks that nothing came of it.
        private func endure(_ shortage: some Shortage, _ system: RunningSystem) async throws {
            let process = try #require(system.server?.process)
            let regulars = [try await system.person("Regular")]
            let load = Load(isPatient: true) { system.api }
            async let running: Void = load.run(regulars: regulars)
            for _ in 0..<2 {
                try await more(than: 20, in: load)
                try await shortage.begin()
                try await expectRefusals(of: system)
                let refused = load.remembered.repetitionCount
                // Short for a while, so that consumers and relays meet it, too.
                try await Task.sleep(for: .seconds(2))
                #expect(system.server?.end == nil, "it lives on")
                // A database whose log has grown before has room in it for a little longer.
                #expect(load.remembered.repetitionCount > refused, "there is no room")
                try await shortage.end()
                try await more(than: 20, in: load)
            }
            load.end()
            try await running
            try await system.quiet(within: .seconds(40))
            #expect(system.server?.process == process && system.server?.end == nil)
            #expect(try await system.api.get("/health/ready").status == 200)
            #expect(try await system.stop().exitCode == 0)
            let testimony = try await Witness(system: system).testimony()
            #expect(testimony.breaches.isEmpty, "\(testimony.breaches)")
            let memory = load.remembered
            try await Reckoning(system: system, load: memory, regulars: regulars)
                .expectOneOfEach("no space")
            print(
                "short twice: \(memory.answeredCount) answered, \(memory.repetitionCount) refused")
        }

        /// Waits until so many more requests were answered.
        private func more(than count: Int, in load: Load) async throws {
            let before = load.remembered.answeredCount
            try await eventually("\(count) more answers", within: .seconds(20)) {
                load.remembered.answeredCount - before
            } until: {
                $0 > count
            }
        }

        /// Whoever writes is told that the server can't at present; whoever reads is served.
        private func expectRefusals(of system: RunningSystem) async throws {
            // A log-in that fails writes an event, and changes nothing that is counted.
            let body: JSON = ["email": "nobody@example.com", "password": "a wrong password"]
            let answer = try await eventually("a write is refused") {
                try await system.api.post("/api/v1/sessions", body)
            } until: {
                $0.status >= 500
            }
            expectProblem(answer, 503, "service.unavailable")
            #expect(answer.headers["retry-after"] != nil, "\(answer)")
            #expect(try await system.api.get("/health/live").status == 200)
            #expect(try await system.api.get("/.well-known/jwks.json").status == 200)
        }
    }
}
