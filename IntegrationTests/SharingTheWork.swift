import Foundation
import Synchronization
import Testing

extension `The whole system under strain` {
    /// On SQLite, where a process can't be woken by another, the first one does all of the bus's
    /// work; on PostgreSQL each does a part.
    @Suite struct `Sharing the work` {
        @Test(arguments: Topology.monoliths)
        func `G7: of two processes on the same databases one does each part of the work`(
            topology: Topology
        ) async throws {
            try await withTwoProcesses(topology) {
                try await Witness(system: $0).install()
            } _: { first, second in
                let regulars = [try await second.person("Regular")]
                var sharing = [try process(of: first)]
                if topology == .monolithPostgres { sharing.append(try process(of: second)) }
                try await underLoad({ (Bool.random() ? first : second).api }, regulars) {
                    try await Task.sleep(for: .seconds(3))
                    try await eventually("each has its part") {
                        try await holders(in: first)
                    } until: {
                        $0 == Set(sharing)
                    }
                }
                try await first.quiet(within: .seconds(60))
                #expect(try await holders(in: first) == Set(sharing))
                try await expectAdminViews(first, second)
                #expect(try await first.stop().exitCode == 0)
                // What was given back is taken at the next look: a third of the lease at most.
                try await eventually("the other takes over", within: .seconds(5)) {
                    try await holders(in: second)
                } until: {
                    try $0 == [process(of: second)]
                }
                #expect(try await second.stop().exitCode == 0)
                let testimony = try await Witness(system: first).testimony()
                #expect(testimony.breaches.isEmpty, "\(testimony.breaches)")
            }
        }

        @Test(arguments: Topology.monoliths)
        func `G7: a killed process is succeeded long before its lease runs out`(
            topology: Topology
        ) async throws {
            // Who waits for the end of the lease comes too late; the keeper looks every 4 s.
            try await withTwoProcesses(topology, environment: ["FLOTILLA_BUS_LEASE": "12s"]) {
                try await Witness(system: $0).install()
            } _: { first, second in
                let regulars = [
                    try await second.person("Regular", number: 1),
                    try await second.person("Regular", number: 2),
                ]
                let load = try await underLoad({ second.api }, regulars) {
                    try await Task.sleep(for: .seconds(2))
                    try await first.kill()
                    let start = ContinuousClock.now
                    try await eventually("the other takes over", within: .seconds(8)) {
                        try await holders(in: second)
                    } until: {
                        try $0 == [process(of: second)]
                    }
                    print("succeeded after \(ContinuousClock.now - start)")
                }
                try await Witness(system: second).expectNoBreaches(within: .seconds(60))
                try await Reckoning(system: second, load: load, regulars: regulars)
                    .expectOneOfEach("after a kill")
            }
        }

        @Test(arguments: Topology.monoliths)
        func `G7: a paused process is succeeded, and breaks and doubles nothing when it wakes`(
            topology: Topology
        ) async throws {
            try await withTwoProcesses(topology, environment: ["FLOTILLA_BUS_LEASE": "1s"]) {
                try await Witness(system: $0).install()
            } _: { first, second in
                let regulars = [try await second.person("Regular")]
                let entrance = Entrance(second)
                let load = try await underLoad({ entrance.system.api }, regulars) {
                    var (consuming, other) = (first, second)
                    for _ in 0..<4 {
                        // Requests go to the one that stays awake.
                        entrance.system = other
                        try await Task.sleep(for: .milliseconds(500))
                        try await consuming.server?.pauseBetweenTransactions()
                        try await eventually("the other takes over") {
                            try await holders(in: other)
                        } until: {
                            try $0 == [process(of: other)]
                        }
                        try await Task.sleep(for: .milliseconds(500))
                        consuming.server?.resume()
                        try await Task.sleep(for: .milliseconds(500))
                        swap(&consuming, &other)
                    }
                }
                // Also the one that stands by tells how far the other is.
                try await first.quiet(within: .seconds(60))
                try await second.quiet(within: .seconds(60))
                #expect(try await first.stop().exitCode == 0)
                #expect(try await second.stop().exitCode == 0)
                let testimony = try await Witness(system: second).testimony()
                #expect(testimony.breaches.isEmpty, "\(testimony.breaches)")
                try await Reckoning(system: second, load: load, regulars: regulars)
                    .expectOneOfEach("after pauses")
            }
        }
    }
}

extension `The whole system under strain`.`Sharing the work` {
    /// Runs a load while `body` lasts, until its last request is answered.
    @discardableResult
    private func underLoad(
        _ api: @escaping @Sendable () -> API, _ regulars: [Person],
        _ body: () async throws -> Void
    ) async throws -> Load.Memory {
        let load = Load(pause: .milliseconds(100), api: api)
        async let running: Void = load.run(regulars: regulars)
        do {
            try await body()
        } catch {
            load.end()
            throw error
        }
        load.end()
        try await running
        return load.remembered
    }

    /// The process ids of everybody who does a part of the bus's work.
    private func holders(in system: RunningSystem) async throws -> Set<Int32> {
        let rows = try await system.tables.rowsOfAll(
            Witness.modules,
            Witness.modules.map { "SELECT holder AS x FROM \"\($0)\".bus_leases" }
                .joined(separator: " UNION "))
        return Set(
            rows.compactMap { row in
                // boot/namespace/process/start, see `ProcessIdentity`.
                (row["x"].string ?? "").split(separator: "/").dropFirst(2).first.flatMap {
                    Int32($0)
                }
            })
    }

    private func process(of system: RunningSystem) throws -> Int32 {
        try #require(system.server?.process)
    }

    /// Each consumer runs in one process, of which the other tells that it stands by.
    private func expectAdminViews(
        _ one: RunningSystem, _ other: RunningSystem
    ) async throws {
        let admin = try await one.administrator()
        try await eventually("each consumer runs once") {
            var standings: [String: [String]] = [:]
            for system in [one, other] {
                let consumers = try await system.api.with(token: admin.api.token)
                    .get("/api/v1/admin/consumers").items
                for consumer in consumers {
                    standings[consumer["consumer"].string ?? "", default: []]
                        .append(consumer["standing"].string ?? "")
                }
            }
            return standings
        } until: { standings in
            guard !standings.isEmpty else { return false }
            guard one.topology == .monolithPostgres else {
                return standings.values.allSatisfy { $0 == ["running", "standby"] }
            }
            return standings.values.allSatisfy { $0.sorted() == ["running", "standby"] }
        }
    }

    /// Where requests go at the moment.
    private final class Entrance: Sendable {
        private let current: Mutex<RunningSystem>

        init(_ system: RunningSystem) { current = Mutex(system) }

        var system: RunningSystem {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }
    }
}
