internal import Metrics
internal import Synchronization

/// A counter's value for one set of labels.
///
/// Whole and fractional amounts are kept apart, so that counting by one stays exact beyond 2^53.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fraction = Atomic<UInt64>(0)

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.update { old in
            let (sum, overflow) = old.addingReportingOverflow(amount)
            return overflow ? .max : sum
        }
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fraction.update { (Double(bitPattern: $0) + amount).bitPattern }
    }

    /// Takes over a total that something else counts, such as the kernel.
    func observe(total: Double) {
        whole.store(0, ordering: .relaxed)
        fraction.store(total.bitPattern, ordering: .relaxed)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }

    /// The total as text.
    var text: String {
        let fraction = Double(bitPattern: fraction.load(ordering: .relaxed))
        let whole = whole.load(ordering: .relaxed)
        return fraction == 0 ? String(whole) : PrometheusText.number(Double(whole) + fraction)
    }
}

/// A gauge's value for one set of labels.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) {
        bits.update { (Double(bitPattern: $0) + amount).bitPattern }
    }
    func decrement(by amount: Double) { increment(by: -amount) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A distribution for one set of labels.
///
/// A class with a `Mutex`: buckets, sum and count change together, in a handful of instructions.
final class HistogramSeries: RecorderHandler, TimerHandler {
    let bounds: [Double]
    private let state: Mutex<Snapshot>

    struct Snapshot: Sendable {
        /// How many values fell between a bound and the one before it; `+Inf` last.
        var counts: [UInt64]
        var sum: Double = 0
    }

    init(_ buckets: MetricBuckets) {
        bounds = buckets.bounds
        state = Mutex(Snapshot(counts: Array(repeating: 0, count: buckets.bounds.count + 1)))
    }

    var snapshot: Snapshot { state.withLock { $0 } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(0, duration)) / 1_000_000_000)
    }
}

/// Stands in for a series that was refused; forgets everything.
final class DiscardedSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler
{
    static let shared = DiscardedSeries()

    func increment(by _: Int64) {}
    func increment(by _: Double) {}
    func decrement(by _: Double) {}
    func reset() {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func recordNanoseconds(_: Int64) {}
}

extension Atomic<Int64> {
    /// Applies `change` as one step.
    fileprivate borrowing func update(_ change: (Int64) -> Int64) {
        var old = load(ordering: .relaxed)
        while true {
            let (exchanged, current) = weakCompareExchange(
                expected: old, desired: change(old), ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}

extension Atomic<UInt64> {
    /// Applies `change` as one step.
    fileprivate borrowing func update(_ change: (UInt64) -> UInt64) {
        var old = load(ordering: .relaxed)
        while true {
            let (exchanged, current) = weakCompareExchange(
                expected: old, desired: change(old), ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}
