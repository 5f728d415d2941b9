import Foundation
import Logging
import Telemetry
import Testing

/// A logger whose lines can be read back.
struct LogProbe {
    let sink = InMemorySink()
    let registry = PrometheusRegistry()
    let logger: Logger

    /// 2023-11-14T22:13:20.123Z
    static let now = Date(timeIntervalSince1970: 1_700_000_000.123)

    init(
        environment: String = "production", format: LogFormat = .json,
        provider: Logger.MetadataProvider? = nil,
        _ change: (inout TelemetrySettings) -> Void = { _ in }
    ) {
        var settings = TelemetrySettings(
            serviceName: "flotilla", version: "1.2.3", environment: environment,
            logFormat: format)
        change(&settings)
        let output = LogOutput(
            settings: settings, sink: sink, registry: registry, now: { Self.now })
        logger = Logger(label: "probe") { _ in
            FlotillaLogHandler(output: output, metadataProvider: provider)
        }
    }

    /// The one line written, parsed.
    func onlyLine(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
        try #require(sink.lines.count == 1, sourceLocation: location)
        return try Self.parse(sink.lines[0])
    }

    /// A line as a JSON object.
    static func parse(_ line: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: Any])
    }

    /// What is written for one field.
    func written(_ value: Logger.MetadataValue, as key: String) throws -> Any? {
        logger.info("Written", metadata: [key: value])
        return try Self.parse(#require(sink.lines.last))[key]
    }
}
