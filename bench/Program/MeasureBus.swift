import ArgumentParser
import EventBus
import Foundation

/// Events from the publisher's outbox through the inboxes of all consumers, end to end.
struct MeasureBus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bus",
        abstract: "Measures events from the outbox through the inboxes of all consumers.")

    @OptionGroup var options: BusOptions

    @OptionGroup var load: LoadOptions

    @Option(help: "Events of one transaction of the publisher.")
    var batch = 100

    @Option(help: "Number of the first event, so that later runs on a database go on.")
    var first = 0

    @Option(
        help: """
            Processes that share the consumers; the others run `follow`. With 1, too, the \
            consumers' places in the database say when all is handled; without it, what this \
            process counted.
            """)
    var instances: Int?

    @Flag(help: "Only make the databases, and end.")
    var prepare = false

    func validate() throws {
        guard batch > 0, instances ?? 1 > 0 else {
            throw ValidationError("a batch and instances are above 0")
        }
    }

    func run() async throws {
        let rig = try Rig(try options.plan())
        try await rig.migrate()
        guard !prepare else { return await rig.close() }
        let seconds = try await rig.running {
            try await arrange(rig)
            let start = ContinuousClock.now
            try await rig.publish(
                from: first + load.warmup, count: load.events, batch: batch, keyCount: load.keys)
            try await handled(load.warmup + load.events, by: rig)
            let seconds = (ContinuousClock.now - start).seconds
            try await check(rig)
            return seconds
        }
        try say(Measured(events: load.events, seconds: seconds))
    }

    /// Warms up; with several instances, until they share the work.
    private func arrange(_ rig: Rig) async throws {
        let end = ContinuousClock.now + .seconds(10)
        if let instances {
            while try await rig.holderCount() < instances {
                try verify(.now < end, "\(instances) instances never shared the work")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        try await rig.publish(
            from: first, count: load.warmup, batch: batch, keyCount: load.keys)
        try await handled(load.warmup, by: rig)
    }

    /// What another process took is not counted in this one: then the places tell.
    private func handled(_ count: Int, by rig: Rig) async throws {
        if instances == nil { try await rig.handled(count) } else { try await rig.taken() }
    }

    private func check(_ rig: Rig) async throws {
        // A database that was filled beforehand has more rows than this run made.
        guard first == 0 else { return }
        let count = try await rig.publishedCount()
        try verify(count == load.warmup + load.events, "\(count) events are in the log")
        try await rig.verifyHandled(load.warmup + load.events)
    }
}

/// Shares the consumers of a `bus` that runs elsewhere, until standard input ends.
struct FollowBus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Shares the consumers of a bus that another process measures.")

    @OptionGroup var options: BusOptions

    func run() async throws {
        let rig = try Rig(try options.plan())
        try await rig.running {
            await standardInputEnded()
        }
    }
}

/// What came of a measurement of throughput.
struct Measured: Encodable {
    let events: Int
    let seconds: Double
    let eventsPerSecond: Double

    init(events: Int, seconds: Double) {
        self.events = events
        self.seconds = seconds
        eventsPerSecond = Double(events) / seconds
    }
}
