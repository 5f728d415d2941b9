import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Killing at random` {
        private static let killCount = 200
        private static let regularCount = 6
        /// How long after the server listens a kill comes; one time in eight after its launch.
        private static let lifeMilliseconds = 0...400

        @Test(arguments: Topology.monoliths)
        func `G6: kills at random moments lose nothing, double nothing and keep every order`(
            topology: Topology
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("killing with \(seed)")
            let start = ContinuousClock.now
            let killCount = topology.count(Self.killCount, onPostgres: 30)
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let regulars = try await regulars(of: system)
                let load = Load(pause: .milliseconds(50)) { system.api }
                async let running: Void = load.run(regulars: regulars)
                for number in 0..<killCount {
                    if number > 0 { try await begin(system, &chance) }
                    let age = Int.random(in: Self.lifeMilliseconds, using: &chance)
                    try await Task.sleep(for: .milliseconds(age))
                    try await system.kill()
                }
                let killed = ContinuousClock.now - start
                try await system.start()
                load.end()
                try await running
                let testimony = try await Witness(system: system).expectNoBreaches(
                    within: .seconds(60), seed)
                let memory = load.remembered
                try await Reckoning(system: system, load: memory, regulars: regulars)
                    .expectOneOfEach(seed)
                #expect(memory.answeredCount > killCount, "\(seed): hardly any load")
                print(
                    """
                    \(killCount) kills in \(killed), settled after \
                    \(ContinuousClock.now - start): \(memory.answeredCount) requests answered, \
                    \(memory.repetitionCount) repeated, \(testimony.handledCount) handlings
                    """)
            }
        }

        @Test(arguments: Topology.monoliths)
        func `G6: kills while effects catch up, many in hand, lose and double none`(
            topology: Topology
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("killing with \(seed)")
            let count = topology.count(3_000, onPostgres: 1_000)
            let backlog = Backlog(userCount: count, eventCount: count)
            try await withSystem(topology) {
                try await Witness(system: $0).install()
                try await backlog.append(to: $0.tables)
            } _: { system in
                for _ in 0..<20 {
                    let age = Int.random(in: Self.lifeMilliseconds, using: &chance)
                    try await Task.sleep(for: .milliseconds(age))
                    try await system.kill()
                    try await system.start()
                }
                try await Witness(system: system).expectNoBreaches(within: .seconds(120), seed)
                #expect(try system.mailbox.mails.count == backlog.userCount, "\(seed)")
                let payments = try await system.tables.counts(
                    "payment", "SELECT user_id AS x FROM payments")
                #expect(payments.count == backlog.userCount, "\(seed)")
                #expect(payments.values.allSatisfy { $0 == 1 }, "\(seed)")
            }
        }

        /// Enough of them for several effects to be in hand at a time.
        private func regulars(of system: RunningSystem) async throws -> [Person] {
            var people: [Person] = []
            for number in 1...Self.regularCount {
                people.append(try await system.person("Regular", number: number))
            }
            return people
        }

        /// Starts it; one time in eight without waiting until it listens.
        private func begin(_ system: RunningSystem, _ chance: inout Chance) async throws {
            if Int.random(in: 0..<8, using: &chance) == 0 {
                try system.launch()
            } else {
                try await system.start()
            }
        }
    }
}
