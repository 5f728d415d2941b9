import Foundation
import Testing

/// How long the requests of one kind took.
struct Times: Sendable, CustomStringConvertible {
    private var durations: [Duration] = []

    var count: Int { durations.count }

    mutating func add(_ duration: Duration) { durations.append(duration) }

    /// The value that a share of them does not exceed.
    func quantile(_ share: Double) -> Duration {
        let sorted = durations.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var description: String {
        "\(count) requests, median \(quantile(0.5)), p90 \(quantile(0.9))"
    }
}

/// Requests of two kinds, of which nobody is to tell by the answers which is which.
struct Lookalikes: Sendable {
    /// The answers of each kind without what differs from request to request, with their counts.
    private(set) var shapes: [[String: Int]] = [[:], [:]]
    private(set) var times = [Times(), Times()]

    /// Sends pairs, each kind first in half of them.
    ///
    /// - Parameters:
    ///   - width: so many pairs at a time, both halves at once; `nil` for one request after the
    ///     other, of which none waits for another's hash.
    ///   - request: sends the request of a kind, 0 or 1, in a pair.
    static func compare(
        pairs count: Int, atATime width: Int? = nil,
        _ request: @escaping @Sendable (_ kind: Int, _ pair: Int) async throws -> Answer
    ) async throws -> Lookalikes {
        let seen = Shared(Lookalikes())
        let numbers = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<(width ?? 1) {
                group.addTask(name: "pairs") {
                    while true {
                        let pair = numbers.next
                        guard pair < count else { return }
                        let first = pair % 2
                        async let one = timed { try await request(first, pair) }
                        if width == nil { _ = try await one }
                        async let other = timed { try await request(1 - first, pair) }
                        let sights = try await (one, other)
                        seen.change {
                            $0.add(sights.0, of: first)
                            $0.add(sights.1, of: 1 - first)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return seen.value
    }

    private static func timed(
        _ request: @Sendable () async throws -> Answer
    ) async throws -> (answer: Answer, duration: Duration) {
        let start = ContinuousClock.now
        let answer = try await request()
        return (answer, ContinuousClock.now - start)
    }

    private mutating func add(_ sight: (answer: Answer, duration: Duration), of kind: Int) {
        times[kind].add(sight.duration)
        shapes[kind][Self.shape(of: sight.answer), default: 0] += 1
    }

    /// Status, names of headers, and the body with every id, time and number of its own made alike.
    private static func shape(of answer: Answer) -> String {
        let names = answer.headers.keys.sorted().joined(separator: ",")
        let body = answer.text
            .replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "ID")
            .replacing(/[0-9a-f]{32}/, with: "TRACE")
            .replacing(/\d{4}-\d\d-\d\dT[0-9:.]+Z/, with: "TIME")
            .replacing(/[a-z]+[0-9]+@example\.com/, with: "ADDRESS")
            .replacing(/Tester[0-9]+/, with: "NAME")
        return "\(answer.status) \(names) \(answer.headers["location"] ?? "") \(body)"
    }

    /// Checks that answers are the same in the same shares, and that times differ by no more than
    /// chance makes them.
    func expectAlike(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(shapes[0] == shapes[1], sourceLocation: sourceLocation)
        for share in [0.5, 0.9] {
            let (one, other) = (times[0].quantile(share), times[1].quantile(share))
            let (shorter, longer) = (min(one, other), max(one, other))
            #expect(
                longer / shorter <= 1.1 && longer - shorter <= .milliseconds(5),
                "\(times)", sourceLocation: sourceLocation)
        }
    }
}
