import Events

/// The seed's own dice: the same throws on every machine, whatever the system draws.
struct SeedChance {
    private var dice: SplitMix64

    /// - Parameter name: one name, one series of throws.
    init(_ name: String) {
        // Swift's own hashes differ from process to process.
        var hash = FNV1a()
        hash.mix(name.utf8)
        dice = SplitMix64(seed: hash.value)
    }

    /// A number of the range. Not what the library draws with: that may change.
    mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(dice.next() % UInt64(range.count))
    }

    mutating func one<T>(of items: [T]) -> T { items[number(in: 0...(items.count - 1))] }
}
