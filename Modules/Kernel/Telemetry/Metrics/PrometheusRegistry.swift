internal import Synchronization

/// Every metric of a process: the backend of swift-metrics and the text of `/metrics`.
///
/// The same name and labels are always the same series, however often a call site makes its
/// metric. Each metric holds a bounded number of series; beyond it, recordings are discarded and
/// counted in `flotilla_telemetry_overflow_total`.
///
/// A class with a `Mutex`, because swift-metrics asks for metrics from any thread, synchronously.
public final class PrometheusRegistry: Sendable {
    private let seriesCountMax: Int
    private let state: Mutex<State>

    static let overflowName = "flotilla.telemetry.overflow"

    /// Names come from code, so this only stops a bug from growing without end.
    private static let familyCountMax = 1_000

    private struct State {
        var descriptions: [Key: MetricDescription] = [:]
        var families: [Key: MetricFamily] = [:]
        var exposedNames: Set<String> = []
        var collectors: [@Sendable () async -> Void] = []
    }

    private struct Key: Hashable {
        let name: String
        let kind: MetricDescription.Kind
    }

    /// - Parameters:
    ///   - descriptions: what is known about the metrics from the start.
    ///   - seriesCountMax: series a metric; 120 routes × 4 statuses × 4 leaves room at 2 000.
    public init(
        descriptions: [MetricDescription] = StandardMetrics.all, seriesCountMax: Int = 2_000
    ) {
        precondition(seriesCountMax > 0, "a metric needs at least one series")
        self.seriesCountMax = seriesCountMax
        state = Mutex(State())
        describe(descriptions)
    }

    /// Adds help and buckets. Buckets apply to metrics that were not used yet.
    public func describe(_ descriptions: [MetricDescription]) {
        state.withLock { state in
            for description in descriptions {
                state.descriptions[Key(name: description.name, kind: description.kind)] =
                    description
            }
        }
    }

    /// Runs `collect` before each rendering, in order of registration, to set gauges.
    ///
    /// It runs inside the scrape, so it must be quick and bounded in time.
    public func onCollect(_ collect: @escaping @Sendable () async -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// The metrics in Prometheus's text format 0.0.4, in order of their names.
    public func render() async -> String {
        for collect in state.withLock({ $0.collectors }) { await collect() }
        let (families, descriptions) = state.withLock { state in
            (Array(state.families.values), state.descriptions)
        }
        return families.sorted { $0.exposedName < $1.exposedName }
            .map { family in
                let key = Key(name: family.name, kind: family.kind)
                return family.text(help: descriptions[key]?.help)
            }
            .joined()
    }

    /// Sets a counter to a total that something else counts.
    func observe(_ name: String, total: Double) {
        guard case .counter(let series) = series(name, .counter, []) else { return }
        series.observe(total: total)
    }

    /// The series for a name, kind and labels; `nil` when it was refused and counted.
    func series(
        _ name: String, _ kind: MetricDescription.Kind, _ dimensions: [(String, String)]
    ) -> MetricFamily.Series? {
        if let series = family(name, kind)?.series(dimensions) { return series }
        if name != Self.overflowName,
            case .counter(let counter) = series(Self.overflowName, .counter, [("metric", name)])
        {
            counter.increment(by: Int64(1))
        }
        return nil
    }

    /// `nil` when another metric already goes by one of the exposed names.
    private func family(_ name: String, _ kind: MetricDescription.Kind) -> MetricFamily? {
        let key = Key(name: name, kind: kind)
        return state.withLock { state in
            if let known = state.families[key] { return known }
            let exposedName = PrometheusText.metricName(name, kind: kind)
            let names = kind.exposedNames(exposedName)
            guard state.exposedNames.isDisjoint(with: names),
                state.families.count < Self.familyCountMax
            else { return nil }
            let fallback: MetricBuckets = kind == .timer ? .requests : .magnitudes
            let family = MetricFamily(
                name: name, exposedName: exposedName, kind: kind,
                buckets: state.descriptions[key]?.buckets ?? fallback,
                seriesCountMax: seriesCountMax)
            state.families[key] = family
            state.exposedNames.formUnion(names)
            return family
        }
    }
}

extension MetricDescription.Kind {
    /// Every name that samples of this kind appear under.
    fileprivate func exposedNames(_ name: String) -> [String] {
        switch self {
        case .counter, .gauge: [name]
        case .histogram, .timer: [name, name + "_bucket", name + "_sum", name + "_count"]
        }
    }
}
