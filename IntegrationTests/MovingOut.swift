import Foundation
import Synchronization
import Testing

extension `The whole system under strain` {
    /// The way that `docs/guides/splitting.md` describes, under load: one process on PostgreSQL,
    /// its events sent to a broker besides, Search in a process of its own, everything split, and
    /// back.
    @Suite struct `Moving out` {
        /// Where clients are led to, as a load balancer does it.
        private final class Front: Sendable {
            private let api: Mutex<API>
            init(_ api: API) { self.api = Mutex(api) }
            var current: API { api.withLock { $0 } }
            func lead(to other: API) { api.withLock { $0 = other } }
        }

        private static let movers = [
            "search", "product", "order", "payment", "notification", "audit",
        ]

        @Test(.timeLimit(.minutes(5)), arguments: Topology.monoliths.filter(\.isOnPostgres))
        func `costs no request, loses nothing and doubles nothing, there and back`(
            topology: Topology
        ) async throws {
            let broker = try Broker()
            let environment = try broker.environment.merging([
                "FLOTILLA_BUS_TRANSPORT": "in-process", "FLOTILLA_BUS_EXTERNALIZE": "true",
            ]) { $1 }
            try await withSystem(topology, environment: environment) {
                try await Witness(system: $0).install()
            } _: { monolith in
                let regulars = [
                    try await monolith.person("Regular", number: 1),
                    try await monolith.person("Regular", number: 2),
                ]
                let front = Front(monolith.api)
                let load = Load { front.current }
                async let running: Void = load.run(regulars: regulars)
                let fleet = try monolith.fleet(over: broker)
                try await moveSearchOut(of: monolith, to: fleet)
                try await split(monolith, into: fleet, front)
                let successor = monolith.another("back-")
                try await moveBack(to: successor, from: fleet, front)
                load.end()
                try await running
                try await successor.quiet(within: .seconds(60))
                #expect(try await successor.stop().exitCode == 0)
                let memory = load.remembered
                #expect(memory.brokenCount == 0, "no connection was cut")
                #expect(memory.setbacks.isEmpty, "\(memory.setbacks.prefix(3))")
                let testimony = try await Witness(system: monolith).testimony()
                #expect(testimony.breaches.isEmpty, "\(testimony.breaches)")
                try await Reckoning(system: monolith, load: memory, regulars: regulars)
                    .expectOneOfEach("moving out")
                print(
                    """
                    moved there and back: \(memory.answeredCount) requests answered, the slowest \
                    in \(memory.slowest), \(testimony.handledCount) handlings
                    """)
            }
        }

        private func moveSearchOut(
            of monolith: RunningSystem, to fleet: RunningSystem
        ) async throws {
            try await step("shadow", "search", beside: monolith)
            let url = try await fleet.start(.search)
            #expect(!url.isEmpty)
            try await switchOver("search", beside: monolith)
            try await step("verify", "search", beside: monolith)
        }

        private func split(
            _ monolith: RunningSystem, into fleet: RunningSystem, _ front: Front
        ) async throws {
            for module in Self.movers where module != "search" {
                try await step("shadow", module, beside: monolith)
            }
            try await fleet.start()
            for module in Self.movers where module != "search" {
                try await switchOver(module, beside: monolith)
            }
            front.lead(to: fleet.api)
            #expect(try await fleet.stop(.search) == 0)
            #expect(try await monolith.stop().exitCode == 0)
            // Everything has to go its whole way.
            try await Task.sleep(for: .seconds(2))
        }

        private func moveBack(
            to successor: RunningSystem, from fleet: RunningSystem, _ front: Front
        ) async throws {
            try await successor.start()
            front.lead(to: successor.api)
            for module in Self.movers {
                let back = try await step("rollback", module, beside: successor)
                #expect(try milliseconds(in: back) < 10_000, "\(back)")
            }
            #expect(try await fleet.stop().exitCode == 0)
            for module in Self.movers { try await step("plan", module, beside: successor) }
        }

        private func switchOver(_ module: String, beside system: RunningSystem) async throws {
            let run = try await step("switch", module, beside: system)
            #expect(try milliseconds(in: run) < 10_000, "\(run)")
        }

        /// `search is taken over after 812 ms`
        private func milliseconds(in run: Program) throws -> Int {
            let words = run.output.split(separator: "\n").first { $0.contains("taken over") }?
                .split(separator: " ").dropLast()
            return try #require(words?.last.flatMap { Int($0) }, "\(run)")
        }

        @discardableResult
        private func step(
            _ step: String, _ module: String, beside system: RunningSystem
        ) async throws -> Program {
            let run = try await system.command(
                ["cutover", step, "--module", module], within: .seconds(90))
            try #require(run.exitCode == 0, "\(step) \(module): \(run)")
            return run
        }
    }
}
