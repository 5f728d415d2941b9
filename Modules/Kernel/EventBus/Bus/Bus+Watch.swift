import Events
import Foundation
import Instrumentation
import Logging
import Synchronization

/// Names handlers that do not return. A transactional one runs on its database's thread, which
/// nobody can take from it; so the bus says which it is.
extension Bus {
    private static var interval: Duration { .seconds(1) }

    func watchHandlers() async {
        while !Task.isCancelled {
            for consumer in consumers { consumer.reportOverdue() }
            try? await environment.clock.sleep(for: Self.interval)
        }
    }
}

extension Consumer {
    private var durationMax: Duration {
        if case .effect(let effects) = subscription.work {
            return effects.deadline
        }
        return environment.settings.handlerDurationMax
    }

    /// The handler calls that have run longer than they may.
    func overdue() -> [Bus.ConsumerStatus.Overdue] {
        let (now, most) = (environment.uptime(), durationMax)
        let inHand = state.withLock { Array($0.inHand.values) } + strays.inHand
        return inHand.filter { now - $0.since > most }.map {
            Bus.ConsumerStatus.Overdue(
                eventID: $0.event.envelope.id, type: $0.event.envelope.type,
                seconds: (now - $0.since).seconds)
        }
    }

    /// Logs each call of a transactional handler once that has run longer than it may; those of
    /// effects are logged when they are given up.
    func reportOverdue() {
        if case .effect = subscription.work { return }
        let (now, most) = (environment.uptime(), durationMax)
        let late = state.withLock { state in
            let late = state.inHand.values.filter { !$0.isReported && now - $0.since > most }
            for inHand in late { state.inHand[inHand.event.envelope.id]?.isReported = true }
            return late
        }
        for inHand in late {
            let envelope = inHand.event.envelope
            InstrumentationContext.withValue(context(of: inHand.event)) {
                logger.error(
                    "handler does not return",
                    metadata: [
                        "consumer": "\(name)", "event.id": "\(envelope.id)",
                        "event.type": "\(envelope.type)",
                        "duration_ms": "\(Int((now - inHand.since) / .milliseconds(1)))",
                    ])
            }
        }
    }
}
