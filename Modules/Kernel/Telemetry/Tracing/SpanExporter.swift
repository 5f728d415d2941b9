package import Logging
internal import Synchronization
public import Tracing

/// A span that has ended.
public struct FinishedSpan: Sendable {
    /// What was done, e.g. `POST /v1/orders`.
    public let operationName: String
    /// The span's own ids.
    public let traceContext: TraceContext
    /// The span it is part of, `nil` at the start of a trace.
    public let parentSpanID: String?
    /// The span's role.
    public let kind: SpanKind
    /// Start, in nanoseconds since 1970.
    public let startNanoseconds: UInt64
    /// End, in nanoseconds since 1970.
    public let endNanoseconds: UInt64
    /// What was recorded about it.
    public let attributes: SpanAttributes
    /// What happened during it, recorded errors included.
    public let events: [SpanEvent]
    /// Spans that it is related to without being their child.
    public let links: [SpanLink]
    /// The outcome, `nil` when nobody set one.
    public let status: SpanStatus?
}

/// Receives every sampled span when it ends.
public protocol SpanExporter: Sendable {
    /// Takes the span over; called on the thread that ended it, so it must not block.
    func export(_ span: FinishedSpan)
}

/// Writes each span as a line at level `trace`.
public struct LoggingSpanExporter: SpanExporter {
    private let logger: Logger

    /// Logs under the label `flotilla.trace`.
    public init() {
        logger = Logger(label: "flotilla.trace")
    }

    package init(logger: Logger) {
        self.logger = logger
    }

    /// Writes the span's name, ids, duration and attributes.
    public func export(_ span: FinishedSpan) {
        let duration = span.endNanoseconds.subtractingReportingOverflow(span.startNanoseconds)
        var metadata: Logger.Metadata = [
            "trace_id": "\(span.traceContext.traceID)",
            "span_id": "\(span.traceContext.spanID)",
            "span.name": "\(span.operationName)",
            "span.kind": "\(span.kind)",
            "duration_ms": .stringConvertible(
                duration.overflow ? 0 : Double(duration.partialValue) / 1_000_000),
        ]
        metadata["span.parent_id"] = span.parentSpanID.map { "\($0)" }
        metadata["span.status"] = span.status.map { "\($0.code)" }
        if !span.links.isEmpty {
            metadata["span.links"] = .array(
                span.links.compactMap { $0.context.traceContext.map { "\($0.traceparent)" } })
        }
        span.attributes.forEach { key, value in
            if metadata[key] == nil { metadata[key] = value.logValue }
        }
        logger.trace("Span ended", metadata: metadata)
    }
}

/// Keeps every span, for tests.
public final class InMemorySpanExporter: SpanExporter {
    private let finished = Mutex<[FinishedSpan]>([])

    /// Starts empty.
    public init() {}

    /// The spans that ended so far, in that order.
    public var spans: [FinishedSpan] {
        finished.withLock { $0 }
    }

    /// Keeps the span.
    public func export(_ span: FinishedSpan) {
        finished.withLock { $0.append(span) }
    }
}

extension SpanAttribute {
    /// The attribute as a log field.
    fileprivate var logValue: Logger.MetadataValue {
        switch self {
        case .int32(let value): .stringConvertible(value)
        case .int64(let value): .stringConvertible(value)
        case .double(let value): .stringConvertible(value)
        case .bool(let value): .stringConvertible(value)
        case .string(let value): .string(value)
        case .stringConvertible(let value): .string(value.description)
        case .stringArray(let values): .array(values.map { .string($0) })
        case .int32Array(let values): .array(values.map { .stringConvertible($0) })
        case .int64Array(let values): .array(values.map { .stringConvertible($0) })
        case .doubleArray(let values): .array(values.map { .stringConvertible($0) })
        case .boolArray(let values): .array(values.map { .stringConvertible($0) })
        case .stringConvertibleArray(let values):
            .array(values.map { .string($0.description) })
        default: .string("")
        }
    }
}
