import FlotillaTesting
import Foundation
import Synchronization
import Testing

extension `The whole system under strain` {
    @Suite struct `Running several instances` {
        private static let duration = Duration.seconds(40)

        @Test(arguments: [2, 4])
        func `G7: kills, pauses and cut connections lose nothing, double nothing, keep every order`(
            count: Int
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("disturbing \(count) instances with \(seed)")
            // A pause is to outlast a lease now and then.
            let environment = ["FLOTILLA_BUS_LEASE": "2s", "FLOTILLA_STORAGE_POOL_MAX": "4"]
            try await withProcesses(count, .monolithPostgres, environment: environment) {
                try await Witness(system: $0).install()
            } _: { instances in
                let regulars = [
                    try await instances[0].person("Regular", number: 1),
                    try await instances[0].person("Regular", number: 2),
                    try await instances[0].person("Regular", number: 3),
                ]
                let fleet = Fleet(instances)
                let load = Load(isPatient: true, pause: .milliseconds(100)) {
                    fleet.entrance.api
                }
                async let running: Void = load.run(regulars: regulars)
                let end = ContinuousClock.now + Self.duration
                while ContinuousClock.now < end {
                    try await fleet.disturb(&chance)
                    let pause = Int.random(in: 100...900, using: &chance)
                    try await Task.sleep(for: .milliseconds(pause))
                }
                try await fleet.recover()
                load.end()
                try await running
                for instance in instances { try await instance.quiet(within: .seconds(60)) }
                for instance in instances { #expect(try await instance.stop().exitCode == 0) }
                let testimony = try await Witness(system: instances[0]).testimony()
                #expect(testimony.breaches.isEmpty, "\(seed): \(testimony.breaches)")
                let memory = load.remembered
                try await Reckoning(system: instances[0], load: memory, regulars: regulars)
                    .expectOneOfEach(seed)
                print(
                    """
                    \(count) instances, \(fleet.summary): \(memory.answeredCount) requests \
                    answered, \(memory.repetitionCount) repeated, \(testimony.handledCount) \
                    handlings
                    """)
                #expect(memory.answeredCount > 200, "\(seed): hardly any load")
            }
        }

        /// That one of this machine was killed can be seen; one that froze looks from here as one
        /// of another machine does that is gone: its leases have to run out.
        @Test(arguments: [true, false])
        func `G7: a lost instance's share is taken over within ten seconds`(
            isKilled: Bool
        ) async throws {
            try await withProcesses(3, .monolithPostgres) { instances in
                try await eventually("each has a share", within: .seconds(20)) {
                    try await self.holders(in: instances[0])
                } until: {
                    Set($0.values).count >= 2
                }
                let holders = try await self.holders(in: instances[0])
                let victim: RunningSystem = try #require(
                    instances.first { (system: RunningSystem) -> Bool in
                        holders.values.contains(system.server?.process ?? 0)
                    })
                let others = instances.filter { $0 !== victim }
                let load = Load { others[0].api }
                async let running: Void = load.run(
                    regulars: [try await others[0].person("Regular")])
                if isKilled { try await victim.kill() } else { victim.server?.pause() }
                let start = ContinuousClock.now
                let process = victim.server?.process ?? 0
                try await eventually("its share is taken over", within: .seconds(10)) {
                    try await self.holders(in: others[0])
                } until: {
                    !$0.values.contains(process)
                }
                print("taken over after \(ContinuousClock.now - start)")
                load.end()
                try await running
                try await others[0].quiet(within: .seconds(60))
            }
        }

        /// Who holds each lease, by process id.
        private func holders(in system: RunningSystem) async throws -> [String: Int32] {
            let rows = try await system.tables.rowsOfAll(
                Witness.modules,
                Witness.modules.map {
                    "SELECT '\($0)/' || name AS name, holder FROM \"\($0)\".bus_leases"
                }.joined(separator: " UNION ALL "))
            return Dictionary(
                uniqueKeysWithValues: rows.compactMap { row in
                    guard let name = row["name"].string,
                        // boot/namespace/process/start, see `ProcessIdentity`.
                        let word = (row["holder"].string ?? "").split(separator: "/").dropFirst(2)
                            .first,
                        let process = Int32(word)
                    else { return nil }
                    return (name, process)
                })
        }
    }
}

/// Several instances, and what is done to them.
private final class Fleet: Sendable {
    private struct State {
        var pausedUntil: [Int: ContinuousClock.Instant] = [:]
        var dead: Set<Int> = []
        var killCount = 0
        var pauseCount = 0
        var cutCount = 0
    }

    private let instances: [RunningSystem]
    private let state = Mutex(State())

    init(_ instances: [RunningSystem]) { self.instances = instances }

    /// One that is awake.
    var entrance: RunningSystem {
        let awake = state.withLock { state in
            instances.indices.filter {
                state.pausedUntil[$0] == nil && !state.dead.contains($0)
            }
        }
        return instances[awake.randomElement() ?? 0]
    }

    var summary: String {
        state.withLock {
            "\($0.killCount) kills, \($0.pauseCount) pauses, \($0.cutCount) cuts"
        }
    }

    func disturb(_ chance: inout Chance) async throws {
        wake(at: .now)
        let awake = state.withLock { state in
            instances.indices.filter { state.pausedUntil[$0] == nil }
        }
        // One at least takes requests.
        let victim = awake.count > 1 ? awake.randomElement(using: &chance) : nil
        switch (Int.random(in: 0..<3, using: &chance), victim) {
        case (0, let victim?):
            state.withLock { state in
                state.dead.insert(victim)
                state.killCount += 1
            }
            try await instances[victim].kill()
            try await instances[victim].start()
            state.withLock { _ = $0.dead.remove(victim) }
        case (1, let victim?):
            let milliseconds = Int.random(in: 100...6_000, using: &chance)
            state.withLock { state in
                state.pausedUntil[victim] = .now + .milliseconds(milliseconds)
                state.pauseCount += 1
            }
            instances[victim].server?.pause()
        default:
            try cut(Int.random(in: 1...10, using: &chance))
        }
    }

    /// Has the server end some of the connections.
    private func cut(_ count: Int) throws {
        let url = instances[0].environment["FLOTILLA_STORAGE_URL"] ?? ""
        state.withLock { $0.cutCount += 1 }
        try PostgresServer.shared().run(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = '\(url.split(separator: "/").last ?? "")'
                AND application_name LIKE 'flotilla/%' ORDER BY random() LIMIT \(count)
            """)
    }

    private func wake(at time: ContinuousClock.Instant) {
        let due = state.withLock { state in
            let due = state.pausedUntil.filter { $0.value <= time }.keys
            for index in due { state.pausedUntil[index] = nil }
            return Array(due)
        }
        for index in due { instances[index].server?.resume() }
    }

    /// Wakes everybody.
    func recover() async throws { wake(at: .now + .seconds(3_600)) }
}
