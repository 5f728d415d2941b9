/// What becomes of half a minor unit.
public enum Rounding: Sendable, CaseIterable {
    /// To the even neighbour, so that many roundings lean neither way; the default.
    case halfEven
    /// Away from zero, as shops and most tax offices do.
    case halfUp
}

extension Money {
    /// This much times a fraction, rounded once; `nil` when it does not fit or the fraction has no
    /// positive denominator.
    public func multiplied(
        by numerator: Int64, over denominator: Int64, rounding: Rounding = .halfEven
    ) -> Money? {
        guard denominator > 0 else { return nil }
        // Two factors of at most 2^63 make at most 2^126: nothing is lost before the rounding.
        let product = Int128(amount) * Int128(numerator)
        let (floor, remainder) = product.magnitude
            .quotientAndRemainder(dividingBy: UInt128(denominator))
        let isUp =
            switch rounding {
            case .halfEven: remainder * 2 + floor % 2 > UInt128(denominator)
            case .halfUp: remainder * 2 >= UInt128(denominator)
            }
        let magnitude = Int128(floor + (isUp ? 1 : 0))
        return Int64(exactly: product < 0 ? -magnitude : magnitude)
            .map { Money(amount: $0, currency: currency) }
    }

    /// So many percent of it, rounded once; `nil` when that does not fit.
    public func percent(_ percent: Int, rounding: Rounding = .halfEven) -> Money? {
        multiplied(by: Int64(percent), over: 100, rounding: rounding)
    }

    /// Shares by weights that add up to the whole exactly; `nil` when the weights are none, one is
    /// negative, or all are zero.
    ///
    /// By largest remainders: each share is its exact value cut to whole minor units, and what is
    /// left over goes by one unit to those that were cut most, the earlier first among equals. A
    /// weight of zero gets nothing, and a negative amount is shared as the positive one is.
    public func allocated(by weights: [Int]) -> [Money]? {
        guard weights.allSatisfy({ $0 >= 0 }) else { return nil }
        let sum = weights.reduce(UInt128(0)) { $0 + UInt128($1) }
        guard sum > 0 else { return nil }
        // An amount of at most 2^63 times a weight below 2^63 is below 2^126.
        let cuts = weights.map { weight in
            (UInt128(amount.magnitude) * UInt128(weight)).quotientAndRemainder(dividingBy: sum)
        }
        var shares = cuts.map { UInt64($0.quotient) }
        let left = Int(amount.magnitude - shares.reduce(0, +))
        let byCut = cuts.indices.sorted {
            (cuts[$1].remainder, $0) < (cuts[$0].remainder, $1)
        }
        for index in byCut.prefix(left) { shares[index] += 1 }
        return shares.map { share in
            let amount = self.amount < 0 ? -Int128(share) : Int128(share)
            // No share is more than the whole, which fits.
            return Money(amount: Int64(amount), currency: currency)
        }
    }

    /// Shares that differ by one minor unit at most and add up to the whole, the larger first;
    /// `nil` for less than one share.
    public func split(into count: Int) -> [Money]? {
        count < 1 ? nil : allocated(by: Array(repeating: 1, count: count))
    }
}
