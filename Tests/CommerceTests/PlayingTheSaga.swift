import FlotillaTesting
import Foundation
import Testing

/// Orders, stock and money under every accident: what comes of it is what comes of it without, or
/// is made up for to the last cent and piece.
@Suite(.serialized) struct `Playing the saga` {
    @Test(arguments: Story.allCases)
    func `comes to its end where nothing goes wrong`(story: Story) async throws {
        for carrier in Simulation.Carrier.allCases {
            try await Playing(story: story, carrier: carrier).run()
        }
    }

    @Test(arguments: Effort.factor == 1 ? [Story.cancelledAtFee, .rivals] : Story.allCases)
    func `is shared by two processes`(story: Story) async throws {
        for carrier in Simulation.Carrier.allCases {
            try await Playing(story: story, carrier: carrier, processCount: 2).run()
        }
    }

    /// Stories that between them have every step of every consumer of an order.
    private static let tour: [Story] = [.cancelledAtFee, .tooLate, .expired]

    @Test(arguments: Effort.factor == 1 ? tour : Story.allCases)
    func `goes on after a crash at any step of any consumer`(story: Story) async throws {
        let clean = try await Playing(story: story).run()
        for (number, consumer) in Effort.consumers.enumerated() {
            for step in 0..<(clean.stepCounts[consumer] ?? 0) {
                for point in [AccidentPoint.beforeCommit, .afterCommit] {
                    let isEven = (number + step).isMultiple(of: 2) == (point == .beforeCommit)
                    let result = try await Playing(
                        story: story, carrier: isEven ? .inProcess : .broker
                    ).run { $0.plan(.crash, at: point, in: consumer, afterPassing: step) }
                    // Two events may be handled in one transaction.
                    #expect(!result.happened.isEmpty || step > 0, "\(consumer) was not hit")
                }
            }
        }
    }

    @Test func `has stories in which every consumer has work`() async throws {
        var known: Set<String> = []
        for story in Self.tour {
            let clean = try await Playing(story: story).run()
            known.formUnion(clean.stepCounts.keys)
        }
        #expect(Set(Effort.consumers).isSubset(of: known))
    }

    @Test(arguments: Effort.factor == 1 ? [Story.cancelledAtFee] : [.paid, .lostThenPaid, .rivals])
    func `bears every accident everywhere`(story: Story) async throws {
        let clean = try await Playing(story: story).run()
        var cases: [(Accident, AccidentPoint, String, Int)] = []
        for (point, module) in Playing.points {
            for accident in [Accident.crash, .failure, .pause]
            where point != .beforeCommit || accident != .pause {
                for pass in 0..<(clean.passCounts["\(point) \(module)"] ?? 0) {
                    cases.append((accident, point, module, pass))
                }
            }
        }
        let stride = max(1, 37 / Effort.factor)
        for (index, one) in cases.enumerated() where index.isMultiple(of: stride) {
            try await Playing(
                story: story, carrier: index.isMultiple(of: 2) ? .inProcess : .broker,
                leaseDuration: .seconds(15)
            ).run { $0.plan(one.0, at: one.1, of: one.2, afterPassing: one.3) }
        }
    }

    @Test(arguments: Effort.factor == 1 ? [Story.cancelledAtFee] : Story.allCases)
    func `bears whatever a broker tells twice`(story: Story) async throws {
        for send in 0..<(5 * min(Effort.factor, 3)) {
            try await Playing(story: story, carrier: .broker).run {
                $0.plan(.duplicate, at: .afterHandOver, afterPassing: send)
            }
        }
    }

    @Test func `bears every accident by chance, again and again`() async throws {
        let stories = Story.allCases
        try await Simulation.forSeeds(
            Effort.seedCount * Effort.factor, within: .seconds(3_600)
        ) { seed in
            let round = Int(seed) / stories.count
            try await Playing(
                story: stories[Int(seed) % stories.count], seed: seed + 1,
                carrier: round.isMultiple(of: 2) ? .inProcess : .broker,
                processCount: seed % 5 == 4 ? 2 : 1,
                accidents: Accidents(probability: [0.02, 0.05, 0.01][round % 3]),
                disturbance: .seconds([1, 20, 70][round % 3]), leaseDuration: .seconds(15)
            ).run()
        }
    }
}

/// How much is tried.
enum Effort {
    /// `FLOTILLA_TEST_SEEDS_FACTOR` multiplies it, for a night's work.
    static let factor =
        ProcessInfo.processInfo.environment["FLOTILLA_TEST_SEEDS_FACTOR"].flatMap { Int($0) } ?? 1

    /// Worlds with accidents by chance.
    static let seedCount = 27

    /// Who hears of an order.
    static let consumers = [
        "product.holds", "product.hold-expiry", "product.purchases", "order.stock",
        "order.payments", "order.deadlines", "payment.charge", "payment.refunds",
        "payment.settlements", "payment.checks", "payment.bookings",
    ]
}
