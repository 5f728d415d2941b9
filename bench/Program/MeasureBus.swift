import ArgumentParser
import EventBus
import Foundation

/// Events from the publisher's outbox through the inboxes of all consumers, end to end.
struct MeasureBus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bus")

    @OptionGroup var options: BusOptions

    @Option(help: "Events that are measured.")
    var events: Int

    @Option(help: "Events that go before, unmeasured.")
    var warmup = 500

    @Option(help: "Events of one transaction of the publisher.")
    var batch = 100

    @Option(help: "Different keys.")
    var keys = 1_000

    @Option(help: "Number of the first event, so that later runs on a database go on.")
    var first = 0

    @Option(help: "Processes that share the consumers; the others run `follow`.")
    var instances = 1

    @Flag(help: "Only make the databases, and end.")
    var prepare = false

    func run() async throws {
        let rig = try Rig(try options.plan())
        try await rig.migrate()
        guard !prepare else { return await rig.close() }
        let seconds = try await rig.running {
            try await arrange(rig)
            // What another process took is not counted here: then the places tell.
            let before = rig.counts.first?.value ?? 0
            let start = ContinuousClock.now
            try await rig.publish(
                from: first + warmup, count: events, batch: batch, keyCount: keys)
            if instances > 1 {
                try await rig.taken()
            } else {
                try await rig.handled(before + events)
            }
            let seconds = (ContinuousClock.now - start).seconds
            try await check(rig)
            return seconds
        }
        try say(
            Measured(
                events: events, seconds: seconds, eventsPerSecond: Double(events) / seconds))
    }

    /// Warms up; with several instances, until they share the work.
    private func arrange(_ rig: Rig) async throws {
        let end = ContinuousClock.now + .seconds(10)
        if instances > 1 {
            while try await rig.holderCount() < instances {
                try verify(.now < end, "\(instances) instances never shared the work")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await rig.publish(from: first, count: warmup, batch: batch, keyCount: keys)
        if instances > 1 { try await rig.taken() } else { try await rig.handled(warmup) }
    }

    private func check(_ rig: Rig) async throws {
        // A database that was filled beforehand has more rows than this run made.
        guard first == 0 else { return }
        let count = try await rig.publishedCount()
        try verify(count == warmup + events, "\(count) events are in the log")
        try await rig.verifyHandled(warmup + events)
    }
}

/// Shares the consumers of a `bus` that runs elsewhere, until standard input ends.
struct FollowBus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "follow")

    @OptionGroup var options: BusOptions

    func run() async throws {
        let rig = try Rig(try options.plan())
        try await rig.running {
            await withCheckedContinuation { continuation in
                Thread {
                    while readLine() != nil {}
                    continuation.resume()
                }.start()
            }
        }
    }
}

/// What came of a measurement of throughput.
struct Measured: Encodable {
    let events: Int
    let seconds: Double
    let eventsPerSecond: Double
}
