import Events
import Foundation
import Logging
import Metrics

/// Carries one module's log to the transport: in order, woken by commits, with polling as the
/// safety net.
package final class Relay: Sendable {
    private let log: OutboxLog
    private let transport: any Transport
    private let committed: Signal
    private let environment: BusEnvironment
    private let logger: Logger

    package init(
        log: OutboxLog, transport: any Transport, committed: Signal, environment: BusEnvironment
    ) {
        self.log = log
        self.transport = transport
        self.committed = committed
        self.environment = environment
        logger = environment.logger(module: log.module)
    }

    /// Relays until the process shuts down; a failing step is retried, never skipped.
    package func run() async {
        var position: Int64?
        while !environment.isStopping, !Task.isCancelled {
            do {
                if position == nil { position = try await transport.open(log) }
                let step = try await step(from: position ?? 0)
                position = step.position
                if !step.hasMore { await committed.wait(upTo: step.wait, clock: environment.clock) }
            } catch is CancellationError {
                return
            } catch {
                // Where the transport stands is asked anew: a batch may have been taken or not.
                position = nil
                logger.error("relay step failed", error: error)
                try? await environment.clock.sleep(for: environment.settings.pollInterval)
            }
        }
    }

    package struct Step: Sendable {
        package let position: Int64
        package let hasMore: Bool
        package let wait: Duration
    }

    /// Releases what is due and sends one batch.
    package func step(from position: Int64) async throws -> Step {
        let limit = environment.settings.batchCountMax
        let now = environment.now()
        let release = try await log.releaseDue(at: now, limit: limit)
        let events = try await log.events(after: position, upTo: .max, limit: limit)
        let batch = LogBatch(source: log.module, after: position, events: events)
        if !events.isEmpty {
            try await transport.send(batch)
            for event in events {
                Counter(
                    label: "flotilla.outbox.published",
                    dimensions: [
                        ("event_type", event.envelope.type.rawValue), ("outcome", "sent"),
                    ]
                ).increment()
            }
        }
        let untilDue = release.nextDue.map { max(0, $0.timeIntervalSince(now)) } ?? .infinity
        let poll = environment.settings.pollInterval
        return Step(
            position: batch.upTo,
            hasMore: events.count == limit || release.count == limit,
            wait: untilDue < poll.seconds ? .seconds(untilDue) : poll)
    }
}
