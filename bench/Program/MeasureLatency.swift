import ArgumentParser
import EventBus
import Foundation
import Storage
import Synchronization

/// From the commit of a publication to the commit of its handler's effect, at a steady rate.
struct MeasureLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures from commit to handled, at a steady rate.")

    @OptionGroup var options: BusOptions

    @Option(help: "Events a second, each in a transaction of its own.")
    var rate = 500

    @OptionGroup var load: LoadOptions

    func validate() throws {
        guard rate > 0 else { throw ValidationError("a rate is above 0") }
    }

    func run() async throws {
        let events = load.events
        let total = Self.primer + load.warmup + events
        let times = Times(count: total)
        let rig = try Rig(try options.plan()) { times.handled($0) }
        try await rig.migrate()
        try await rig.running {
            // A consumer group may need seconds until it has its partitions.
            for number in 0..<Self.primer { try await publish(number, on: rig, times) }
            try await rig.handled(Self.primer, within: .seconds(60))
            try await publishAll(Self.primer..<total, on: rig, times)
            try await rig.handled(total, within: .seconds(60))
        }
        // The first ones find the paths cold.
        let latencies = try times.latencies().dropFirst(total - events).sorted()
        try verify(latencies.count == events, "\(latencies.count) events have a latency")
        try say(
            Latencies(
                events: events, p50: Self.quantile(0.5, of: latencies),
                p99: Self.quantile(0.99, of: latencies), maximum: latencies.last ?? 0,
                rate: times.publishedPerSecond(after: total - events)))
    }

    private static let primer = 20

    private func publish(_ number: Int, on rig: Rig, _ times: Times) async throws {
        let (outbox, keys) = (rig.outbox, load.keys)
        try await rig.source.write { transaction in
            try outbox.publish(Happened(number: number, keyCount: keys), in: transaction)
            transaction.afterCommit { times.committed(number) }
        }
    }

    /// Each at its time, whether or not the one before is through.
    private func publishAll(_ numbers: Range<Int>, on rig: Rig, _ times: Times) async throws {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, number) in numbers.enumerated() {
                try await Task.sleep(
                    until: start + .seconds(1) * index / rate, tolerance: .zero,
                    clock: .continuous)
                group.addTask { try await publish(number, on: rig, times) }
            }
            try await group.waitForAll()
        }
    }

    /// The nearest rank, in milliseconds.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
    }
}

private struct Latencies: Encodable {
    let events: Int
    let p50: Double
    let p99: Double
    let maximum: Double
    let rate: Double
}

/// When each event was committed and when it was handled.
private final class Times: Sendable {
    private let start = ContinuousClock.now
    private let state: Mutex<(committed: [Duration?], handled: [Duration?])>

    init(count: Int) {
        state = Mutex(
            (Array(repeating: nil, count: count), Array(repeating: nil, count: count)))
    }

    func committed(_ number: Int) {
        let now = ContinuousClock.now - start
        state.withLock { $0.committed[number] = now }
    }

    /// The last of several consumers counts.
    func handled(_ number: Int) {
        let now = ContinuousClock.now - start
        state.withLock { $0.handled[number] = now }
    }

    /// In milliseconds, in the order of publication. An effect may be committed before the
    /// publisher's own thread has come to look at the clock.
    func latencies() throws -> [Double] {
        try state.withLock { state in
            try zip(state.committed, state.handled).map { committed, handled in
                guard let committed, let handled else {
                    throw WrongResult("an event was not committed or not handled")
                }
                return max(0, (handled - committed) / .milliseconds(1))
            }
        }
    }

    func publishedPerSecond(after first: Int) -> Double {
        state.withLock { state in
            let times = state.committed.dropFirst(first).compactMap(\.self).sorted()
            guard let begin = times.first, let end = times.last, end > begin else { return 0 }
            return Double(times.count - 1) / (end - begin).seconds
        }
    }
}
