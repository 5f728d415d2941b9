extension Setting where Value == Duration {
    /// A span of time: a whole number and a unit, `100ms`, `5s`, `5m`, `24h`, `30d`.
    public static func duration(
        _ key: String, default defaultValue: Duration, in range: ClosedRange<Duration>,
        _ summary: String
    ) -> Self {
        precondition(range.contains(defaultValue), "\(key): the default is outside the range")
        let (least, most) = (
            DurationText.text(of: range.lowerBound), DurationText.text(of: range.upperBound)
        )
        return Self(
            key, default: defaultValue, defaultText: DurationText.text(of: defaultValue),
            allowed: "a duration from \(least) to \(most) (a number with ms, s, m, h or d)", summary
        ) { text throws(SettingRefusal) in
            guard let value = DurationText.duration(of: text), range.contains(value) else {
                throw .notAllowed
            }
            return value
        }
    }
}

/// The written form of a duration. There is no unit above the day, because months differ.
enum DurationText {
    /// From the largest, so that the first that divides evenly is the shortest to write.
    private static let units: [(name: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// 100 000 days in milliseconds, 8.6e12, keep sums of durations far from overflow.
    private static let millisecondCountMax = 100_000 * 86_400_000

    /// The duration a text means; nil when it is not a whole number with a unit.
    static func duration(of text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let count = Int(digits),
            let factor = units.first(where: { $0.name == unit })?.milliseconds
        else { return nil }
        let (milliseconds, isTooLarge) = count.multipliedReportingOverflow(by: factor)
        guard !isTooLarge, milliseconds <= millisecondCountMax else { return nil }
        return .milliseconds(milliseconds)
    }

    /// The shortest text that means the duration, to the millisecond.
    static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
        guard milliseconds != 0 else { return "0s" }
        let unit = units.first { milliseconds.isMultiple(of: $0.milliseconds) }
        guard let unit else { return "\(milliseconds)ms" }
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}
