/// How long to wait between two looks: short after a look that found something, for whoever wrote
/// it may write on, then longer and longer.
struct AdaptivePoll {
    private let shortest: Duration
    private let longest: Duration
    private(set) var interval: Duration

    init(shortest: Duration, longest: Duration) {
        self.shortest = min(shortest, longest)
        self.longest = longest
        interval = longest
    }

    mutating func saw(_ count: Int) {
        interval = count > 0 ? shortest : min(interval * 2, longest)
    }
}
