public import Tracing

/// Makes spans with W3C ids and carries them in `traceparent`.
///
/// A span continues the one in its context's ``Tracing/InstrumentationContext/traceContext``, or
/// starts a sampled trace when there is none. Work that only relates to another trace starts from
/// a context without one and adds a link.
public struct FlotillaTracer: Tracer {
    private let exporter: (any SpanExporter)?

    /// - Parameter exporter: receives the sampled spans as they end; `nil` discards them.
    public init(exporter: (any SpanExporter)? = nil) {
        self.exporter = exporter
    }

    /// Starts a span below the one in `context`.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> InstrumentationContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> FlotillaSpan {
        var context = context()
        let parent = context.traceContext
        let own = parent?.child() ?? .root()
        context.traceContext = own
        return FlotillaSpan(
            operationName: operationName, context: context, traceContext: own,
            parent: parent, kind: kind,
            startNanoseconds: instant().nanosecondsSinceEpoch,
            exporter: own.isSampled ? exporter : nil)
    }

    /// Spans are handed over as they end, so nothing is left to flush.
    public func forceFlush() {}

    /// Reads `traceparent`; a missing or malformed one leaves the context as it is.
    public func extract<Carrier, Extract>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract: Extractor, Extract.Carrier == Carrier {
        guard let value = extractor.extract(key: Self.header, from: carrier),
            let traceContext = TraceContext(traceparent: value)
        else { return }
        context.traceContext = traceContext
    }

    /// Writes `traceparent` when the context has a span.
    public func inject<Carrier, Inject>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject: Injector, Inject.Carrier == Carrier {
        guard let traceContext = context.traceContext else { return }
        injector.inject(traceContext.traceparent, forKey: Self.header, into: &carrier)
    }

    private static let header = "traceparent"
}
