import FlotillaTesting
import Foundation

/// Random numbers that come again with their seed, which they know.
struct Chance: RandomNumberGenerator, Sendable {
    let seed: UInt64
    private var random: SeededRandom

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
    }

    /// With the seed of `FLOTILLA_TEST_SEED`, or a fresh one.
    static var fresh: Chance {
        let given = ProcessInfo.processInfo.environment["FLOTILLA_TEST_SEED"].flatMap(UInt64.init)
        return Chance(seed: given ?? UInt64.random(in: 0...UInt64(UInt32.max)))
    }

    mutating func next() -> UInt64 { random.next() }
}
