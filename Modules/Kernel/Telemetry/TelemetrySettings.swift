public import Logging

/// What a process says about itself and how it says it.
public struct TelemetrySettings: Sendable {
    /// The name on every line, after `OTEL_SERVICE_NAME`.
    public var serviceName: String
    /// The release, as in `flotilla_build_info`.
    public var version: String
    /// Where the process runs, e.g. `development` or `production`.
    public var environment: String
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// The shape of a line.
    public var logFormat: LogFormat
    /// The commit the release was built from, empty when unknown.
    public var revision: String

    /// Collects the settings; nothing is read from the environment here.
    public init(
        serviceName: String,
        version: String,
        environment: String,
        logLevel: Logger.Level = .info,
        logFormat: LogFormat = .json,
        revision: String = ""
    ) {
        self.serviceName = serviceName
        self.version = version
        self.environment = environment
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.revision = revision
    }
}
