import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

/// The guarantees under accidents of every kind, for thousands of seeds.
@Suite(.serialized) struct `Simulating the bus` {
    private static let accounts = ["a", "b", "c", "cursed", "hopeless"]

    /// The world of a seed: one or two processes, with or without a broker.
    private static func options(_ seed: UInt64) -> Simulation.Options {
        var options = Simulation.Options()
        options.processCount = seed % 3 == 0 ? 2 : 1
        options.carrier = seed % 2 == 0 ? .inProcess : .broker
        options.accidents = Accidents(probability: seed % 5 == 0 ? 0.05 : 0.015)
        return options
    }

    @Test(.timeLimit(.minutes(5)))
    func `G1 to G5 hold for thousands of seeds`() async throws {
        let count = try await Simulation.forSeeds(2_000, within: .seconds(80)) { seed in
            try await Self.run(seed)
        }
        print("simulated \(count) seeds")
        let isNarrowed = ProcessInfo.processInfo.environment.keys.contains {
            $0.hasPrefix("FLOTILLA_SIMULATION")
        }
        #expect(isNarrowed || count >= 250, "too few to say anything")
    }

    private static func run(_ seed: UInt64) async throws {
        try await Simulation.run(
            [TellerModule.self, ClerkModule.self], seed: seed, options: options(seed)
        ) { simulation in
            for _ in 0..<16 {
                let account = accounts[Int(simulation.chance() * Double(accounts.count))]
                let (isRefused, isLater) = (simulation.chance() < 0.1, simulation.chance() < 0.1)
                let now = simulation.now
                try? await simulation.call(TellerModule.self) {
                    try await $0.turn(account, isRefused: isRefused, isLater: isLater, at: now)
                }
                try await simulation.wait(
                    for: .milliseconds(Int(simulation.chance() * 100)))
                await operate(simulation)
            }
            try await simulation.settle()
            try check(simulation, seed: seed)
        }
    }

    /// Now and then an operator has something tried or heard again. Over a broker there are no
    /// replays yet.
    private static func operate(_ simulation: Simulation) async {
        let dice = simulation.chance()
        do {
            if dice < 0.08 {
                _ = try await simulation.deadLetters()
                    .retryAll(of: "clerk.notes", by: "cli:test")
            } else if dice < 0.16, simulation.options.carrier == .inProcess {
                try await simulation.replays().request(
                    of: dice < 0.12 ? "clerk.notes" : "clerk.letters", by: "cli:test")
            }
        } catch {}
    }

    /// What the modules' own tables must say, whatever happened. What is parked as a dead letter,
    /// or behind one, has no effect yet.
    private static func check(_ simulation: Simulation, seed: UInt64) throws {
        let turned = try lines(simulation.published(Turned.self).map { ($0.account, $0.number) })
        let turnovers = try rows(of: "turnovers", in: "teller", of: simulation)
        #expect(turned == turnovers, "G1, seed \(seed): events and rows are the same")
        let notes = try rows(of: "notes", in: "clerk", of: simulation)
        let noted = try lines(simulation.published(Noted.self).map { ($0.account, $0.number) })
        #expect(noted == notes, "G1, seed \(seed): what handlers published")
        for (table, module, consumer, source) in [
            ("notes", "clerk", "clerk.notes", turned),
            ("letters", "clerk", "clerk.letters", turned),
            ("answers", "teller", "teller.answers", noted),
        ] {
            let effects = try rows(of: table, in: module, of: simulation)
            let parked = try parked(at: consumer, in: module, of: simulation)
            #expect(
                (effects + parked).sorted() == source,
                "G2, seed \(seed) (\(simulation.options.carrier)): each effect of \(consumer) once")
        }
    }

    private static func lines(_ pairs: [(String, Int)]) -> [String] {
        pairs.map { "\($0.0) \($0.1)" }.sorted()
    }

    private static func rows(
        of table: String, in module: String, of simulation: Simulation
    ) throws -> [String] {
        try simulation.read(module) { transaction in
            try lines(
                transaction.rows(SQL(text: "SELECT account, number FROM \(table)"))
                    .map { (try $0.get("account"), try $0.get("number")) })
        }
    }

    private static func parked(
        at consumer: String, in module: String, of simulation: Simulation
    ) throws -> [String] {
        struct Body: Decodable {
            let account: String
            let number: Int
        }
        return try simulation.read(module) { transaction in
            try lines(
                transaction.rows("SELECT data FROM inbox_parked WHERE consumer = \(consumer)")
                    .map { row in
                        let data = try row.get("data", as: JSON.self).data
                        let body = try JSONDecoder().decode(Body.self, from: data)
                        return (body.account, body.number)
                    })
        }
    }
}
