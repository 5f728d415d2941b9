import Events

/// Randomness that a seed determines, in every process and on every platform.
///
/// A value: a copy repeats what the original gives.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var generator: SplitMix64

    /// Begins the stream of `seed`. Neighbouring seeds give unrelated streams.
    public init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 { generator.next() }

    /// An index in `0..<count`.
    ///
    /// Lemire's multiplication without his rejection: its bias is below count / 2^64, and one
    /// choice is always one draw.
    mutating func index(below count: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
