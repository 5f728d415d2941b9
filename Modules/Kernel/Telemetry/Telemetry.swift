internal import Logging
internal import Metrics
internal import Synchronization
internal import Tracing

/// The process's logs, metrics and traces, wired once.
public struct Telemetry: Sendable {
    /// Every metric of the process, ready to be scraped.
    public let registry: PrometheusRegistry

    private let sink: any LogSink

    private static let installed = Mutex<Telemetry?>(nil)

    /// Installs logging, metrics and tracing for the process.
    ///
    /// The underlying systems accept one backend per process, so a second call changes nothing
    /// and answers with what the first one installed.
    ///
    /// - Parameter exporter: receives finished spans; without one they are logged when
    ///   `settings.logLevel` is `trace`, and discarded otherwise.
    public static func bootstrap(
        _ settings: TelemetrySettings, exporter: (any SpanExporter)? = nil
    ) -> Telemetry {
        installed.withLock { installed in
            if let installed { return installed }
            let telemetry = install(settings, exporter: exporter)
            installed = telemetry
            return telemetry
        }
    }

    /// Waits until the lines logged so far are written, at most five seconds.
    ///
    /// It blocks its thread: call it last, on the way out of the process.
    public func flush() {
        sink.flush()
    }

    private static func install(
        _ settings: TelemetrySettings, exporter: (any SpanExporter)?
    ) -> Telemetry {
        let registry = PrometheusRegistry()
        let sink = StandardOutputSink(settings: settings)
        let output = LogOutput(settings: settings, sink: sink, registry: registry)
        LoggingSystem.bootstrap(
            { _, provider in
                FlotillaLogHandler(output: output, metadataProvider: provider)
            }, metadataProvider: nil)
        MetricsSystem.bootstrap(registry)
        let fallback = settings.logLevel == .trace ? LoggingSpanExporter() : nil
        InstrumentationSystem.bootstrap(FlotillaTracer(exporter: exporter ?? fallback))
        ProcessMetrics().register(in: registry)
        registry.onCollect { [weak registry] in
            registry?.observe("log.messages.dropped", total: Double(sink.droppedTotal))
        }
        StandardMetrics.publishBuildInfo(settings, in: registry)
        return Telemetry(registry: registry, sink: sink)
    }
}
