/// What a metric means and how it is exposed; the part that a call site cannot say.
public struct MetricDescription: Sendable, Hashable {
    /// The four shapes a metric takes.
    public enum Kind: Sendable, Hashable {
        /// Only grows; exposed with `_total`.
        case counter
        /// A value of the moment.
        case gauge
        /// A distribution of plain numbers.
        case histogram
        /// A distribution of durations; exposed in seconds with `_seconds`.
        case timer
    }

    /// The dotted name used in code, without the suffix that the kind adds.
    public let name: String
    /// The shape.
    public let kind: Kind
    /// One sentence for the reader of a dashboard.
    public let help: String
    /// The upper bounds, used by distributions only.
    public let buckets: MetricBuckets

    /// Describes a metric.
    public init(
        name: String, kind: Kind, help: String, buckets: MetricBuckets = .requests
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.buckets = buckets
    }
}

/// The upper bounds of a distribution, ascending and finite; `+Inf` is implied.
public struct MetricBuckets: Sendable, Hashable {
    /// The bounds.
    public let bounds: [Double]

    /// - Precondition: the bounds are finite and strictly ascending.
    public init(_ bounds: [Double]) {
        precondition(
            bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy(<),
            "bucket bounds are finite and ascend")
        self.bounds = bounds
    }

    /// HTTP and messaging, in seconds (set H), after OpenTelemetry's advice.
    public static let requests = MetricBuckets(
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10])
    /// Database operations, in seconds (set D), after OpenTelemetry's advice.
    public static let database = MetricBuckets([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
    /// Scheduling delays, in seconds (set L).
    public static let lag = MetricBuckets(
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1])
    /// Plain numbers that nobody described.
    public static let magnitudes = MetricBuckets([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])
}
