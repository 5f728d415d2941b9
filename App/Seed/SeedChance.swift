/// The seed's own dice: the same throws on every machine, whatever the system draws.
///
/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct SeedChance: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter name: one name, one series of throws.
    init(_ name: String) {
        // FNV-1a, for Swift's own hashes differ from process to process.
        state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of the range. Not what the library draws with: that may change.
    mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func one<T>(of items: [T]) -> T { items[number(in: 0...(items.count - 1))] }
}
