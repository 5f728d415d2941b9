internal import Synchronization

/// One metric with all its series.
///
/// A class with a `Mutex`: the lock covers two dictionary look-ups, never formatting.
final class MetricFamily: Sendable {
    /// A series of any kind.
    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    let name: String
    let exposedName: String
    let kind: MetricDescription.Kind
    private let buckets: MetricBuckets
    private let seriesCountMax: Int
    private let state = Mutex(State())

    private struct State {
        /// What call sites wrote, so that a known one costs a single look-up.
        var aliases: [Dimensions: Series] = [:]
        var series: [MetricLabels: Series] = [:]
    }

    init(
        name: String, exposedName: String, kind: MetricDescription.Kind, buckets: MetricBuckets,
        seriesCountMax: Int
    ) {
        self.name = name
        self.exposedName = exposedName
        self.kind = kind
        self.buckets = buckets
        self.seriesCountMax = seriesCountMax
    }

    /// The series for these labels, made on first use; `nil` when the family is full.
    func series(_ dimensions: [(String, String)]) -> Series? {
        let alias = Dimensions(pairs: dimensions)
        if let known = state.withLock({ $0.aliases[alias] }) { return known }
        let labels = MetricLabels(dimensions)
        return state.withLock { state in
            let series: Series
            if let known = state.series[labels] {
                series = known
            } else {
                guard state.series.count < seriesCountMax else { return nil }
                series = makeSeries()
                state.series[labels] = series
            }
            // Orderings of the same labels are bounded by the call sites; twice is generous.
            if state.aliases.count < 2 * seriesCountMax { state.aliases[alias] = series }
            return series
        }
    }

    /// The series of the moment, in order of their labels.
    func sortedSeries() -> [(labels: String, series: Series)] {
        let all = state.withLock { $0.series }
        return all.map { (labels: $0.key.text, series: $0.value) }
            .sorted { $0.labels < $1.labels }
    }

    private func makeSeries() -> Series {
        switch kind {
        case .counter: .counter(CounterSeries())
        case .gauge: .gauge(GaugeSeries())
        case .histogram, .timer: .histogram(HistogramSeries(buckets))
        }
    }
}
