extension Money {
    /// For people: `19.99 EUR`, `1999 JPY`, `-1.234 KWD`.
    ///
    /// A code that is not on the list of currencies stands behind the bare minor units.
    public var text: String {
        let count = currency.minorUnitDigits ?? 0
        let digits = String(amount.magnitude)
        let padded = String(repeating: "0", count: max(0, count + 1 - digits.count)) + digits
        let fraction = count == 0 ? "" : ".\(padded.suffix(count))"
        return "\(amount < 0 ? "-" : "")\(padded.dropLast(count))\(fraction) \(currency.rawValue)"
    }
}
