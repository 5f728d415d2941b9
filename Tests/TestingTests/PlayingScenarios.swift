import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@Suite struct `Playing a scenario` {
    private static let accidents: [(Accident, AccidentPoint)] = AccidentPoint.allCases.flatMap {
        point in
        let kinds: [Accident] =
            point == .beforeCommit ? [.crash, .failure] : [.crash, .failure, .pause]
        return kinds.map { ($0, point) }
    }

    private static func options(
        _ carrier: Simulation.Carrier, processes: Int = 1
    ) -> Simulation.Options {
        var options = Simulation.Options()
        options.carrier = carrier
        options.processCount = processes
        return options
    }

    private func receipts(of simulation: Simulation) throws -> [Int] {
        try simulation.read("till") { transaction in
            try transaction.rows("SELECT number FROM receipts ORDER BY id")
                .map { try $0.get("number") }
        }
    }

    @Test(arguments: accidents)
    func `G6: has each effect once and in order, whatever happens where`(
        accident: Accident, point: AccidentPoint
    ) async throws {
        for carrier in Simulation.Carrier.allCases {
            for skipCount in 0..<6 {
                try await Simulation.run(
                    [TillModule.self], seed: UInt64(skipCount), options: Self.options(carrier)
                ) { simulation in
                    simulation.plan(accident, at: point, afterPassing: skipCount * 3)
                    for number in 1...4 {
                        try await simulation.publish(Sold(article: "a", number: number))
                    }
                    try await simulation.settle()
                    #expect(try receipts(of: simulation) == [1, 2, 3, 4])
                    let printed = try simulation.published(Printed.self)
                    #expect(printed.map(\.number) == [1, 2, 3, 4])
                }
            }
        }
    }

    @Test(arguments: [AccidentPoint.beforeCommit, .afterCommit])
    func `hits a consumer at the step that a scenario wants`(point: AccidentPoint) async throws {
        try await Simulation.run([TillModule.self], seed: 4) { simulation in
            simulation.plan(.crash, at: point, in: "till.receipts", afterPassing: 1)
            for number in 1...3 {
                try await simulation.publish(Sold(article: "a", number: number))
                try await simulation.wait(for: .seconds(5))
            }
            try await simulation.settle()
            #expect(simulation.happened.map { $0.contains("crash \(point) at till") } == [true])
            #expect(simulation.passCount(of: point, at: "till") >= 3)
            #expect(try receipts(of: simulation) == [1, 2, 3])
        }
    }

    @Test func `G7: two processes share the work, and one that wakes late breaks nothing`()
        async throws
    {
        for seed in UInt64(0)..<20 {
            try await Simulation.run(
                [TillModule.self], seed: seed,
                options: Self.options(seed % 2 == 0 ? .inProcess : .broker, processes: 2)
            ) { simulation in
                for number in 1...6 {
                    try await simulation.publish(Sold(article: "a", number: number))
                    simulation.plan(.pause, at: number % 2 == 0 ? .beforeTransaction : .afterCommit)
                    try await simulation.wait(for: .milliseconds(300))
                }
                try await simulation.settle()
                #expect(try receipts(of: simulation) == Array(1...6))
            }
        }
    }

    @Test func `lets an operator retry what is dead, in the middle of a crash`() async throws {
        try await Simulation.run([TillModule.self], seed: 3) { simulation in
            try await simulation.publish(Sold(article: "broken", number: 1))
            try await simulation.settle()
            let letters = try await simulation.deadLetters()
            let letter = try #require(try await letters.list().first)
            simulation.plan(.crash, at: .beforeCommit, of: "till")
            await #expect(throws: (any Error).self) {
                try await letters.discard(letter.id, reason: "crash", by: "cli:test")
            }
            // Nothing of it was done; the next process does it.
            let again = try await simulation.deadLetters()
            try await again.discard(letter.id, reason: "again", by: "cli:test")
            try await simulation.settle()
            let discarded = try simulation.published(DeadLetterDiscarded.self)
            #expect(discarded.map(\.reason) == ["again"])
        }
    }

    @Test func `rebuilds through a crash`() async throws {
        try await Simulation.run([TillModule.self], seed: 5) { simulation in
            for number in 1...20 {
                try await simulation.publish(Sold(article: "a\(number % 3)", number: number))
            }
            try await simulation.settle()
            let before = try receipts(of: simulation)
            try await simulation.replays().request(of: "till.receipts", by: "cli:test")
            simulation.plan(.crash, at: .beforeCommit, of: "till", afterPassing: 3)
            try await simulation.settle()
            #expect(try receipts(of: simulation).sorted() == before.sorted())
            #expect(try simulation.published(Printed.self).count == 20)
        }
    }

    @Test func `goes the same way from the same seed`() async throws {
        var options = Simulation.Options()
        options.accidents = Accidents(probability: 0.05)
        options.processCount = 2
        var prints: [UInt64] = []
        for seed in [9, 9, 10] as [UInt64] {
            let print = Fingerprint()
            try await Simulation.run([TillModule.self], seed: seed, options: options) {
                for number in 1...5 { try await $0.publish(Sold(article: "a", number: number)) }
                try await $0.settle()
                print.value = $0.fingerprint
            }
            prints.append(print.value)
        }
        #expect(prints[0] == prints[1])
        #expect(prints[0] != prints[2])
    }

    @Test(arguments: [
        ("G1", "outside", "DELETE FROM outbox_events WHERE position = 2"),
        (
            "G2", "till",
            "UPDATE inbox_handled SET attempts = 2 WHERE position = 3"
        ),
        ("G2", "till", "DELETE FROM simulation_record WHERE position = 3"),
        (
            "G3", "till",
            "UPDATE simulation_record SET number = 1000 - number WHERE outcome = 'handled'"
        ),
    ])
    func `finds what is wrong, and tells the seed`(
        guarantee: String, module: String, damage: String
    ) async throws {
        let failure = await #expect(throws: SimulationFailure.self) {
            try await Simulation.run([TillModule.self], seed: 77) { simulation in
                for number in 1...4 {
                    try await simulation.publish(Sold(article: "a", number: number))
                }
                try await simulation.settle()
                try simulation.tamper(with: module) { try $0.execute(SQL(text: damage)) }
            }
        }
        #expect(failure?.seed == 77)
        #expect(failure?.description.contains(guarantee) == true || guarantee == "G2")
    }
}

/// What a run leaves behind for its test.
private final class Fingerprint: Sendable {
    private let state = Mutex<UInt64>(0)

    var value: UInt64 {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
