import Foundation

/// Random numbers that come again with their seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Chance: RandomNumberGenerator, Sendable {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// With the seed of `FLOTILLA_TEST_SEED`, or a fresh one.
    static var fresh: Chance {
        let given = ProcessInfo.processInfo.environment["FLOTILLA_TEST_SEED"].flatMap(UInt64.init)
        return Chance(seed: given ?? UInt64.random(in: 0...UInt64(UInt32.max)))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
