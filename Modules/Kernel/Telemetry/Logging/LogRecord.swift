internal import Foundation
internal import Logging

/// One line before it takes its shape: redacted, not yet escaped.
struct LogRecord: Sendable {
    let date: Date
    let level: Logger.Level
    let serviceName: String
    let version: String
    let environment: String
    let module: String
    let message: String
    /// Who and where: `correlationId`, `trace_id`, `span_id`, `trace_flags`, `userId`.
    var identity: [(key: String, value: LogValue)] = []
    /// Everything else, in order of its keys.
    var fields: [(key: String, value: LogValue)] = []

    /// A line with its line break, at most this long.
    static let byteCountMax = 16 << 10
    /// Ends what was cut.
    static let truncationMark = "…[truncated]"

    /// The line that stands for others that could not be written.
    static func dropped(_ count: Int, settings: TelemetrySettings) -> LogRecord {
        LogRecord(
            date: Date(), level: .warning, serviceName: settings.serviceName,
            version: settings.version, environment: settings.environment, module: "telemetry",
            message: "Log lines were dropped",
            fields: [(key: "log.dropped", value: .literal(String(count)))])
    }

    /// The finished line.
    func line(_ format: LogFormat) -> [UInt8] {
        switch format {
        case .json: JSONLine.render(self)
        case .pretty: PrettyLine.render(self)
        }
    }
}
