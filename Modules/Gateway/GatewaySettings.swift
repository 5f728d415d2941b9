import Platform
public import Settings
import Web

/// What the gateway is told: where the processes are, and how patient it is with them.
public struct GatewaySettings: Sendable {
    private static let connectTimeout = Setting<Duration>.duration(
        "gateway.connectTimeout", default: .seconds(1), in: times,
        "How long a connection to an upstream may take.")
    private static let responseTimeout = Setting<Duration>.duration(
        "gateway.responseTimeout", default: .seconds(15), in: times,
        "How long an upstream may take until its answer begins, for each try.")
    private static let totalTimeout = Setting<Duration>.duration(
        "gateway.totalTimeout", default: .seconds(30), in: times,
        "How long a request may take with all tries, to the last byte of its answer.")
    private static let retries = Setting<Int>.int(
        "gateway.retries", default: 2, in: 0...10,
        "Further tries of GET, HEAD and OPTIONS; others are repeated if nothing was sent.")
    private static let circuitFailures = Setting<Int>.int(
        "gateway.circuit.failures", default: 5, in: 1...1_000,
        "Failures in a row after which an upstream is not asked for a while.")
    private static let circuitPause = Setting<Duration>.duration(
        "gateway.circuit.pause", default: .seconds(5), in: times,
        "How long it is not asked; then one request tries.")
    private static let probeInterval = Setting<Duration>.duration(
        "gateway.probeInterval", default: .seconds(1), in: times,
        "How often /health/ready of each upstream is asked.")
    private static let rate = Setting<Int>.int(
        "gateway.rateLimit.requests", default: 500, in: 0...1_000_000,
        "Requests a second that one client address may make for long; 0 for any number.")
    private static let burst = Setting<Int>.int(
        "gateway.rateLimit.burst", default: 1_000, in: 1...1_000_000,
        "Requests that one client address may make at once.")
    private static let times = Duration.milliseconds(10)...Duration.seconds(600)

    var upstreams: [String: UpstreamURL] = [:]
    var connectTimeout: Duration
    var responseTimeout: Duration
    var totalTimeout: Duration
    var retryCountMax: Int
    var circuit: Circuit.Settings
    var probeInterval: Duration
    var rateLimit: RateLimit.Settings
    var bodyByteCountMax: Int

    /// Every key, with an upstream for each of the modules.
    public static func declared(modules: [String]) -> [any DeclaredSetting] {
        modules.map { upstream(of: $0) as any DeclaredSetting } + [
            connectTimeout, responseTimeout, totalTimeout, retries, circuitFailures,
            circuitPause, probeInterval, rate, burst,
        ]
    }

    /// Reads the settings of the gateway.
    ///
    /// - Parameter bodyByteCountMax: what the listener takes of a request's body.
    public init(_ settings: Settings, modules: [String], bodyByteCountMax: Int) {
        for module in modules { upstreams[module] = settings[Self.upstream(of: module)] }
        connectTimeout = settings[Self.connectTimeout]
        responseTimeout = settings[Self.responseTimeout]
        totalTimeout = settings[Self.totalTimeout]
        retryCountMax = settings[Self.retries]
        circuit = Circuit.Settings(
            failureCountMax: settings[Self.circuitFailures], pause: settings[Self.circuitPause])
        probeInterval = settings[Self.probeInterval]
        rateLimit = RateLimit.Settings(
            perSecond: Double(settings[Self.rate]), burst: settings[Self.burst])
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// The modules whose requests lead nowhere.
    public func missing(of modules: [String]) -> [String] {
        modules.filter { upstreams[$0] == nil }
    }

    /// The key of a module's upstream.
    static func upstreamKey(of module: String) -> String { "gateway.upstreams.\(module)" }

    private static func upstream(of module: String) -> Setting<UpstreamURL?> {
        .custom(
            upstreamKey(of: module), default: nil, defaultText: nil,
            allowed: UpstreamURL.allowed, "Where the process answers that runs \(module).",
            parse: { UpstreamURL($0).map(Optional.some) })
    }
}
