import EventBus
import FlotillaTesting
import Foundation
import Platform
import Storage
import Synchronization

/// One run of a story in one world.
struct Playing: Sendable {
    let story: Story
    var seed: UInt64 = 1
    var carrier = Simulation.Carrier.inProcess
    var processCount = 1
    var accidents = Accidents.none
    /// How long accidents may happen; until the story is over when `nil`.
    var disturbance: Duration?

    /// Of a single process, which stands still for about as long when it has to.
    var leaseDuration = Duration.seconds(60)

    /// What a run came to.
    struct Result: Sendable {
        var endings: [String] = []
        var happened: [String] = []
        /// Events of orders that were handled, by consumer.
        var stepCounts: [String: Int] = [:]
        /// By point and module, from the first order to the end of the story.
        var passCounts: [String: Int] = [:]
    }

    /// What does not fit together, with the way that led there.
    struct Failure: Error, CustomStringConvertible {
        let playing: Playing
        let faults: [String]
        let result: Result

        var description: String {
            "\(playing.story), \(playing.carrier), \(playing.processCount) processes, came to"
                + " \(result.endings): " + faults.joined(separator: "; ")
                + " — after " + result.happened.joined(separator: ", ")
        }
    }

    /// Plays, lets all settle, and goes over the books.
    ///
    /// - Parameter plan: what is to go wrong, from the first order on.
    @discardableResult
    func run(
        _ plan: @escaping @Sendable (Simulation) -> Void = { _ in }
    ) async throws -> Result {
        var options = Simulation.Options()
        options.carrier = carrier
        options.processCount = processCount
        options.accidents = accidents
        // One process hears of all that it does itself, and need hardly look. Two tell each other
        // nothing.
        if processCount == 1 {
            options.leaseDuration = leaseDuration
            options.pollInterval = leaseDuration
        }
        options.settings = story.settings
        // Crashes are counted against the event that was in hand.
        options.retry.attemptCountMax = 12
        let outcome = Mutex(Result())
        try await Simulation.run(Shop.modules, seed: seed, options: options) { simulation in
            let result = try await play(in: simulation, plan)
            outcome.withLock { $0 = result }
        }
        return outcome.withLock { $0 }
    }

    private func play(
        in simulation: Simulation, _ plan: @Sendable (Simulation) -> Void
    ) async throws -> Result {
        var result = Result()
        let shop = Shop(simulation: simulation, number: seed)
        try await shop.open(roomCount: story.roomCount)
        let before = Self.passCounts(of: simulation)
        plan(simulation)
        try await story.play(in: shop)
        result.passCounts = Self.passCounts(of: simulation).merging(before) { $0 - $1 }
        if let disturbance { try await simulation.wait(for: disturbance) }
        try await simulation.settle()
        let books = try Books(of: simulation)
        result.endings = books.endings
        result.happened = simulation.happened
        result.stepCounts = try Self.stepCounts(of: simulation)
        var faults = try await books.faults()
        if !isRight(result.endings, after: result.happened) {
            faults.insert("another end than without accidents", at: 0)
        }
        guard faults.isEmpty else {
            throw Failure(playing: self, faults: faults, result: result)
        }
        return result
    }

    /// Whether all ended as they would without accidents, or else were made up for. What was made
    /// up for costs nobody anything: that the books show.
    private func isRight(_ endings: [String], after happened: [String]) -> Bool {
        if story.endings.contains(endings) { return true }
        if !happened.isEmpty, story.otherEndings.contains(endings) { return true }
        guard disturbance != nil, let count = story.endings.first?.count else { return false }
        let known = Set(story.endings.joined())
        return endings.count == count
            && endings.allSatisfy { ending in
                known.contains(ending)
                    || ["expired/", "cancelled/", "rejected/"].contains { ending.hasPrefix($0) }
            }
    }

    static let points: [(AccidentPoint, String)] = AccidentPoint.allCases.flatMap { point in
        Shop.modules.map { (point, $0.name) }
    }

    private static func stepCounts(of simulation: Simulation) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for module in Shop.modules {
            try simulation.read(module.name) { transaction in
                let rows = try transaction.rows(
                    "SELECT consumer, COUNT(*) AS n FROM simulation_record GROUP BY consumer")
                for row in rows {
                    counts[try row.get("consumer", as: String.self)] = try row.get("n")
                }
            }
        }
        return counts
    }

    private static func passCounts(of simulation: Simulation) -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: points.map {
                ("\($0.0) \($0.1)", simulation.passCount(of: $0.0, at: $0.1))
            })
    }
}
