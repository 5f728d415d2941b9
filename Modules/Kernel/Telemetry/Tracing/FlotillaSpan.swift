internal import Synchronization
public import Tracing

/// A span being recorded; what is added after its end is ignored.
///
/// A class with a `Mutex`, because tracing shares spans across tasks and never suspends in them.
public final class FlotillaSpan: Span {
    /// The context to run the span's work in.
    public let context: InstrumentationContext

    private let traceContext: TraceContext
    private let parent: TraceContext?
    private let kind: SpanKind
    private let startNanoseconds: UInt64
    private let exporter: (any SpanExporter)?
    private let state: Mutex<State>

    /// Events and links kept a span; OpenTelemetry's default limit for both.
    private static let partCountMax = 128

    init(
        operationName: String, context: InstrumentationContext, traceContext: TraceContext,
        parent: TraceContext?, kind: SpanKind, startNanoseconds: UInt64,
        exporter: (any SpanExporter)?
    ) {
        self.context = context
        self.traceContext = traceContext
        self.parent = parent
        self.kind = kind
        self.startNanoseconds = startNanoseconds
        self.exporter = exporter
        state = Mutex(State(operationName: operationName))
    }

    /// What the span is called; middleware improves it once the route is known.
    public var operationName: String {
        get { state.withLock { $0.operationName } }
        set { record { $0.operationName = newValue } }
    }

    /// What is recorded about the span.
    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { record { $0.attributes = newValue } }
    }

    /// Whether what is added to the span will be seen: it is open, and somebody takes it.
    public var isRecording: Bool {
        exporter != nil && state.withLock { !$0.hasEnded }
    }

    /// Sets the outcome; the last one wins.
    public func setStatus(_ status: SpanStatus) {
        record { $0.status = status }
    }

    /// Adds an event, up to 128.
    public func addEvent(_ event: SpanEvent) {
        record { if $0.events.count < Self.partCountMax { $0.events.append(event) } }
    }

    /// Relates the span to another, up to 128 times.
    public func addLink(_ link: SpanLink) {
        record { if $0.links.count < Self.partCountMax { $0.links.append(link) } }
    }

    /// Adds an `exception` event with the error's type; its text may hold personal data.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = String(reflecting: type(of: error))
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// Ends the span and exports it; a second end changes nothing.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let endNanoseconds = instant().nanosecondsSinceEpoch
        let last: State? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let last, let exporter else { return }
        exporter.export(
            FinishedSpan(
                operationName: last.operationName, traceContext: traceContext,
                parentSpanID: parent?.spanID, kind: kind, startNanoseconds: startNanoseconds,
                endNanoseconds: endNanoseconds, attributes: last.attributes,
                events: last.events, links: last.links, status: last.status))
    }

    private func record(_ change: (inout State) -> Void) {
        guard exporter != nil else { return }
        state.withLock { if !$0.hasEnded { change(&$0) } }
    }

    private struct State: Sendable {
        var operationName: String
        var attributes: SpanAttributes = [:]
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var status: SpanStatus?
        var hasEnded = false
    }
}
