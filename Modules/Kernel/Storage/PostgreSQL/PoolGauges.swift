import Metrics

/// A pool's figures, named after OpenTelemetry's conventions for database clients.
struct PoolGauges {
    private let used: Gauge
    private let idle: Gauge
    private let most: Gauge
    private let pending: Gauge
    private let timeouts: Counter
    private let waits: Metrics.Timer

    init(pool: String) {
        let dimensions = [("db.client.connection.pool.name", pool)]
        func connections(_ state: String) -> Gauge {
            Gauge(
                label: "db.client.connections",
                dimensions: dimensions + [("db.client.connection.state", state)])
        }
        used = connections("used")
        idle = connections("idle")
        most = Gauge(label: "db.client.connection.max", dimensions: dimensions)
        pending = Gauge(label: "db.client.connection.pending_requests", dimensions: dimensions)
        timeouts = Counter(label: "db.client.connection.timeouts", dimensions: dimensions)
        timeouts.increment(by: 0)
        waits = Metrics.Timer(label: "db.client.connection.wait_time", dimensions: dimensions)
    }

    func record(used: Int, idle: Int, pending: Int) {
        self.used.record(used)
        self.idle.record(idle)
        self.pending.record(pending)
    }

    func record(max: Int) { most.record(max) }

    func record(wait: Duration) { waits.recordNanoseconds(Int64(wait / .nanoseconds(1))) }

    func countTimeout() { timeouts.increment() }
}
