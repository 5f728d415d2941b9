import ArgumentParser
import EventBus
import Foundation

/// From the outbox to the broker's acknowledgement, by the relay.
struct MeasureRelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Measures events from the outbox to the broker.")

    @OptionGroup var options: BusOptions

    @OptionGroup var load: LoadOptions

    func run() async throws {
        var plan = try options.plan()
        plan.consumerCount = 0
        let rig = try Rig(plan)
        try await rig.migrate()
        let seconds = try await rig.running {
            // All at once, so that the relay never waits for the publisher.
            func publish(from first: Int, count: Int) async throws {
                try await rig.publish(
                    from: first, count: count, batch: count, keyCount: load.keys)
            }
            try await publish(from: 0, count: load.warmup)
            try await sent(load.warmup, of: rig)
            try await publish(from: load.warmup, count: load.events)
            let start = ContinuousClock.now
            try await sent(load.warmup + load.events, of: rig)
            return (ContinuousClock.now - start).seconds
        }
        try say(Measured(events: load.events, seconds: seconds))
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
