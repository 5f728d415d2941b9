internal import Synchronization

/// Metrics of one name that are made once for each key, on the first use.
///
/// Asking the registry anew for each measurement costs an array of labels and its hash.
package final class MetricsByKey<Key: Hashable & Sendable, Metric: Sendable>: Sendable {
    private let made = Mutex<[Key: Metric]>([:])

    /// Keys must be few: nothing is ever dropped.
    package init() {}

    /// The metric of a key, by `make` if it is the first of it.
    package func metric(_ key: Key, _ make: () -> Metric) -> Metric {
        made.withLock { made in
            if let known = made[key] { return known }
            let metric = make()
            made[key] = metric
            return metric
        }
    }
}
