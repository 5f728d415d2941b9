/// How patiently a provider is asked about what it did not say.
enum CheckSchedule {
    private static let first: [Duration] = [
        .seconds(10), .seconds(30), .seconds(120), .seconds(600),
    ]
    /// Four soon, then each hour for three days; after that a person has to look.
    static let roundCountMax = 4 + 3 * 24
    /// A provider that has not heard of a call after this long will not hear of it any more: a call
    /// takes 25 s at most, and nobody repeats it.
    static let grace = Duration.seconds(120)

    /// How long to wait before a round; `nil` when there are to be no more.
    static func delay(before round: Int) -> Duration? {
        guard round <= roundCountMax else { return nil }
        return first.indices.contains(round - 1) ? first[round - 1] : .seconds(3_600)
    }
}
