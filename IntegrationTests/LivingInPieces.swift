import Foundation
import Testing

extension `The whole system under strain` {
    /// Services over a broker, with accidents.
    @Suite struct `Living in pieces` {
        private static func duration(_ topology: Topology) -> Duration {
            .seconds(topology.count(120, onPostgres: 40))
        }
        private static let regularCount = 4

        @Test(.timeLimit(.minutes(8)), arguments: Topology.splits)
        func `G6: killed services and a broker that freezes lose nothing and double nothing`(
            topology: Topology
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("disturbing with \(seed)")
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let broker = try #require(system.broker)
                var regulars: [Person] = []
                for number in 1...Self.regularCount {
                    regulars.append(try await system.person("Regular", number: number))
                }
                let people = regulars
                let load = Load(isPatient: true, pause: .milliseconds(100)) { system.api }
                async let running: Void = load.run(regulars: people)
                let end = ContinuousClock.now + Self.duration(topology)
                var (killCount, freezeCount) = (0, 0)
                while ContinuousClock.now < end {
                    let pause = Int.random(in: 0...1_500, using: &chance)
                    if Int.random(in: 0..<4, using: &chance) == 0 {
                        broker.freeze()
                        try await Task.sleep(for: .milliseconds(pause * 3))
                        broker.thaw()
                        freezeCount += 1
                    } else {
                        let role =
                            [Role.user, .orders, .followers]
                            .randomElement(using: &chance) ?? .user
                        try await system.kill(role)
                        try await system.start(role)
                        killCount += 1
                    }
                    try await Task.sleep(for: .milliseconds(pause))
                }
                load.end()
                try await running
                let testimony = try await Witness(system: system).expectNoBreaches(
                    within: .seconds(90), seed)
                let memory = load.remembered
                try await Reckoning(system: system, load: memory, regulars: people)
                    .expectOneOfEach(seed)
                #expect(memory.answeredCount > killCount, "\(seed): hardly any load")
                print(
                    """
                    \(killCount) kills and \(freezeCount) freezes: \(memory.answeredCount) \
                    requests answered, \(memory.repetitionCount) repeated, \
                    \(testimony.handledCount) handlings
                    """)
            }
        }
    }
}
