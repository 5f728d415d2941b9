package import Foundation
internal import Logging
internal import Metrics

/// What all loggers of a process share: whose lines they are, where they go, who counts them.
public final class LogOutput: Sendable {
    let settings: TelemetrySettings
    let redaction: Redaction
    private let sink: any LogSink
    private let registry: PrometheusRegistry?
    private let now: @Sendable () -> Date

    /// - Parameter registry: counts `log.messages` by level and module.
    public convenience init(
        settings: TelemetrySettings, sink: any LogSink, registry: PrometheusRegistry? = nil
    ) {
        self.init(settings: settings, sink: sink, registry: registry, now: { Date() })
    }

    package init(
        settings: TelemetrySettings, sink: any LogSink, registry: PrometheusRegistry?,
        now: @escaping @Sendable () -> Date
    ) {
        self.settings = settings
        self.sink = sink
        self.registry = registry
        self.now = now
        redaction = Redaction(environment: settings.environment, format: settings.logFormat)
    }

    var date: Date { now() }

    func write(_ record: LogRecord) {
        sink.write(record.line(settings.logFormat))
        registry?.makeCounter(
            label: "log.messages",
            dimensions: [("level", record.level.rawValue), ("module", record.module)]
        ).increment(by: 1)
    }
}
