import Events
import Instrumentation
import Logging
import Metrics
import Telemetry
import Tracing

/// What a transaction did, reported after it committed.
struct Tally: Sendable {
    var handled: [(topic: Topic, duration: Duration)] = []
    var duplicateCount = 0
    var failures: [Failure] = []
    /// Events parked after the transaction, where it was counted.
    var parkedCount: Int?
}

/// One failed attempt.
struct Failure: Sendable {
    let event: LoggedEvent
    let error: any Error
    let parking: Parking
}

/// The counters of one consumer, made once.
struct ConsumerMetrics: Sendable {
    let consumer: String
    let handled: Counter
    let duplicates: Counter
    let retried: Counter
    let unknown: Counter
    private let durations = MetricsByKey<Topic, Metrics.Timer>()

    init(consumer: String) {
        self.consumer = consumer
        let dimensions = [("consumer", consumer)]
        handled = Counter(label: "flotilla.inbox.handled", dimensions: dimensions)
        duplicates = Counter(label: "flotilla.inbox.duplicates", dimensions: dimensions)
        retried = Counter(label: "flotilla.inbox.retried", dimensions: dimensions)
        unknown = Counter(label: "flotilla.inbox.unknown_types", dimensions: dimensions)
        for reason in DeadLetterReason.allCases { deadLetters(reason).increment(by: 0) }
        for counter in [handled, duplicates, retried, unknown] { counter.increment(by: 0) }
    }

    func deadLetters(_ reason: DeadLetterReason) -> Counter {
        Counter(
            label: "flotilla.dead_letter.messages",
            dimensions: [("group", consumer), ("reason", reason.rawValue)])
    }

    func duration(of topic: Topic) -> Metrics.Timer {
        durations.metric(topic) {
            Metrics.Timer(
                label: "messaging.process.duration",
                dimensions: [
                    ("messaging.destination.name", topic.rawValue),
                    ("messaging.consumer.group.name", consumer),
                ])
        }
    }
}

enum DeadLetterReason: String, CaseIterable {
    case attemptsExhausted = "attempts_exhausted"
    case permanentFailure = "permanent_failure"
}

extension Consumer {
    /// Counts and logs; the one place where a consumer's failures reach the log.
    func report(_ tally: Tally) {
        if !tally.handled.isEmpty { metrics.handled.increment(by: Int64(tally.handled.count)) }
        if tally.duplicateCount > 0 {
            metrics.duplicates.increment(by: Int64(tally.duplicateCount))
        }
        for (topic, duration) in tally.handled {
            metrics.duration(of: topic)
                .recordNanoseconds(Int64(duration / .nanoseconds(1)))
        }
        for failure in tally.failures { report(failure) }
    }

    private func report(_ failure: Failure) {
        let isDead = failure.parking.state == .dead
        let envelope = failure.event.envelope
        if isDead {
            metrics.deadLetters(
                failure.error is any PermanentFailure ? .permanentFailure : .attemptsExhausted
            ).increment()
        } else {
            metrics.retried.increment()
        }
        InstrumentationContext.withValue(context(of: failure.event)) {
            logger.log(
                level: isDead ? .error : .warning,
                isDead ? "event parked as dead letter" : "event failed and will be retried",
                error: failure.error,
                metadata: [
                    "consumer": "\(subscription.consumer)",
                    "event.id": "\(envelope.id)", "event.type": "\(envelope.type)",
                    "attempt": "\(failure.parking.attempts)",
                ])
        }
    }

    /// A consumer span below the span that published the event, in one trace with it.
    func startSpan(for event: LoggedEvent) -> any Span {
        let envelope = event.envelope
        let span = tracer.startSpan(
            "process \(envelope.topic)", context: context(of: event), ofKind: .consumer)
        guard span.isRecording else { return span }
        span.attributes["messaging.system"] = "flotilla"
        span.attributes["messaging.operation.name"] = "process"
        span.attributes["messaging.destination.name"] = envelope.topic.rawValue
        span.attributes["messaging.consumer.group.name"] = subscription.consumer
        span.attributes["messaging.message.id"] = envelope.id.description
        span.attributes["messaging.kafka.offset"] = event.position
        return span
    }

    /// What logs, transactions and further events inherit from the event being handled.
    func context(of event: LoggedEvent) -> InstrumentationContext {
        let cause = event.envelope.cause
        var work = WorkContext()
        work.correlationID = cause.correlationID
        work.causationID = event.envelope.id.description
        work.requestID = cause.requestID
        work.traceContext = cause.traceparent.flatMap { TraceContext(traceparent: $0) }
        work.module = module
        work.consumer = subscription.consumer
        return .of(work)
    }
}
