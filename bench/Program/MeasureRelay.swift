import ArgumentParser
import EventBus
import Foundation

/// From the outbox to the broker's acknowledgement, by the relay.
struct MeasureRelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "relay")

    @OptionGroup var options: BusOptions

    @Option(help: "Events that are measured.")
    var events: Int

    @Option(help: "Events that go before, unmeasured.")
    var warmup = 500

    @Option(help: "Different keys.")
    var keys = 1_000

    func run() async throws {
        var plan = try options.plan()
        plan.consumerCount = 0
        let rig = try Rig(plan)
        try await rig.migrate()
        let seconds = try await rig.running {
            try await rig.publish(from: 0, count: warmup, batch: warmup, keyCount: keys)
            try await sent(warmup, of: rig)
            // All at once, so that the relay never waits for the publisher.
            try await rig.publish(from: warmup, count: events, batch: events, keyCount: keys)
            let start = ContinuousClock.now
            try await sent(warmup + events, of: rig)
            return (ContinuousClock.now - start).seconds
        }
        try say(
            Measured(
                events: events, seconds: seconds, eventsPerSecond: Double(events) / seconds))
    }

    /// Waits until the relay has noted that the broker has so many events.
    private func sent(_ position: Int, of rig: Rig) async throws {
        guard let log = rig.bus.members[Rig.publisher]?.log else {
            throw WrongResult("no log")
        }
        let end = ContinuousClock.now + .seconds(120)
        while try await log.readers().first?.position ?? 0 < position {
            try verify(.now < end, "the relay did not come to \(position)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
