public import Logging
internal import Tracing

/// Writes one redacted line an event, with the ids of the work it belongs to.
///
/// `correlationId`, `trace_id`, `span_id`, `userId` and `module` come from the current
/// `InstrumentationContext` unless the metadata names them; `timestamp`, `level`, `serviceName`,
/// `version`, `env` and `message` are the handler's own, and metadata under these names is
/// written as `metadata.timestamp` and so on.
public struct FlotillaLogHandler: LogHandler {
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// On every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata from the task; the logger's own wins over it.
    public var metadataProvider: Logger.MetadataProvider?

    private let output: LogOutput

    private static let reserved: Set<String> = [
        "timestamp", "level", "serviceName", "version", "env", "message", "truncated",
    ]

    /// A handler for one logger.
    public init(
        output: LogOutput, metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.output = output
        self.metadataProvider = metadataProvider
        logLevel = output.settings.logLevel
    }

    /// A single field of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Redacts, writes and counts the event.
    public func log(event: LogEvent) {
        var fields = contextFields()
        fields["module"] = fields["module"] ?? .string(event.source)
        if let error = event.error {
            fields["error.type"] = .string(String(reflecting: type(of: error)))
            fields["error.message"] = .string(String(describing: error))
        }
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        fields.merge(metadata) { $1 }
        if let own = event.metadata { fields.merge(own) { $1 } }
        output.write(record(event, fields))
    }

    private func record(_ event: LogEvent, _ metadata: Logger.Metadata) -> LogRecord {
        var metadata = metadata
        let settings = output.settings
        let redaction = output.redaction
        let module = metadata.removeValue(forKey: "module")
            .map { redaction.text($0, at: "module") }
        var record = LogRecord(
            date: output.date, level: event.level, serviceName: settings.serviceName,
            version: settings.version, environment: settings.environment,
            module: module ?? event.source, message: Scrubber.scrub(event.message.description))
        for key in ["correlationId", "trace_id", "span_id", "trace_flags", "userId"] {
            guard let value = metadata.removeValue(forKey: key) else { continue }
            record.identity.append((key: key, value: .text(redaction.text(value, at: key))))
        }
        record.fields = metadata.sorted { $0.key < $1.key }.map { key, value in
            let name = Self.reserved.contains(key) ? "metadata.\(key)" : Scrubber.scrub(key)
            return (key: name, value: redaction.value(value, at: key))
        }.withDistinctKeys()
        return record
    }

    private func contextFields() -> Logger.Metadata {
        guard let context = InstrumentationContext.current?.work else { return [:] }
        var fields: Logger.Metadata = [:]
        fields["correlationId"] = context.correlationID.map { .string($0) }
        fields["userId"] = context.userID.map { .string($0) }
        fields["module"] = context.module.map { .string($0) }
        if let trace = context.traceContext {
            fields["trace_id"] = .string(trace.traceID)
            fields["span_id"] = .string(trace.spanID)
            fields["trace_flags"] = .string(trace.isSampled ? "01" : "00")
        }
        return fields
    }
}
