public import Metrics

extension PrometheusRegistry: MetricsFactory {
    /// A counter, exposed with `_total`.
    public func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler {
        guard case .counter(let series) = series(label, .counter, dimensions) else {
            return DiscardedSeries.shared
        }
        return series
    }

    /// A counter of fractions, exposed with `_total`.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        guard case .counter(let series) = series(label, .counter, dimensions) else {
            return DiscardedSeries.shared
        }
        return series
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        guard case .gauge(let series) = series(label, .gauge, dimensions) else {
            return DiscardedSeries.shared
        }
        return series
    }

    /// A histogram when `aggregate`, else a gauge.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        switch series(label, aggregate ? .histogram : .gauge, dimensions) {
        case .gauge(let series): series
        case .histogram(let series): series
        case .counter, nil: DiscardedSeries.shared
        }
    }

    /// A histogram in seconds, exposed with `_seconds`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard case .histogram(let series) = series(label, .timer, dimensions) else {
            return DiscardedSeries.shared
        }
        return series
    }

    // Series are shared by everyone who names them, so one owner's farewell removes nothing;
    // their number is bounded anyway.

    /// Keeps the series; others may hold it.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Keeps the series; others may hold it.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Keeps the series; others may hold it.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Keeps the series; others may hold it.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Keeps the series; others may hold it.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
