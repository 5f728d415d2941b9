internal import Metrics

/// The metrics of the platform, described where all of them can be read at once.
public enum StandardMetrics {
    /// Every description; a new registry starts with them.
    public static let all: [MetricDescription] =
        http + gateway + bus + storage + user + commerce + process + own

    private static let http: [MetricDescription] = [
        MetricDescription(
            name: "http.server.request.duration", kind: .timer,
            help: "Time from a request's head to the end of its response, by route template."),
        MetricDescription(
            name: "http.server.active_requests", kind: .gauge,
            help: "Requests being served."),
    ]

    private static let gateway: [MetricDescription] = [
        MetricDescription(
            name: "http.client.request.duration", kind: .timer,
            help: "Time from a request to an upstream to the head of its answer, for each try."),
        MetricDescription(
            name: "flotilla.gateway.upstream_up", kind: .gauge,
            help: "1 while the probes find an upstream ready."),
        MetricDescription(
            name: "flotilla.gateway.circuit_state", kind: .gauge,
            help: "0 while an upstream is asked, 1 while one request tries it, 2 while none is."),
        MetricDescription(
            name: "flotilla.gateway.retries", kind: .counter,
            help: "Requests that took more than one try, by how they ended."),
        MetricDescription(
            name: "flotilla.rate_limit.decisions", kind: .counter,
            help: "Requests that a rate limit allowed or refused."),
    ]

    private static let bus: [MetricDescription] = [
        MetricDescription(
            name: "flotilla.outbox.pending_events", kind: .gauge,
            help: "Events that some consumer has not taken, of the next 10 000, by type."),
        MetricDescription(
            name: "flotilla.outbox.oldest_pending_seconds", kind: .gauge,
            help: "Age of the oldest pending event, 0 when there is none."),
        MetricDescription(
            name: "flotilla.outbox.published", kind: .counter,
            help: "Events handed over, by event type and outcome."),
        MetricDescription(
            name: "flotilla.inbox.handled", kind: .counter,
            help: "Deliveries that a consumer finished."),
        MetricDescription(
            name: "flotilla.inbox.retried", kind: .counter,
            help: "Deliveries that failed and were scheduled again."),
        MetricDescription(
            name: "flotilla.inbox.duplicates", kind: .counter,
            help: "Deliveries that a consumer had already finished."),
        MetricDescription(
            name: "flotilla.inbox.parked_events", kind: .gauge,
            help: "Events put aside: retrying, waiting behind one of their key, or dead."),
        MetricDescription(
            name: "flotilla.inbox.backlog_events", kind: .gauge,
            help: "Events that a consumer hears and has not taken."),
        MetricDescription(
            name: "flotilla.inbox.backlog_seconds", kind: .gauge,
            help: "Age of the oldest event that a consumer hears and has not taken."),
        MetricDescription(
            name: "flotilla.inbox.stopped", kind: .gauge,
            help: "1 for a consumer that takes nothing until somebody does something."),
        MetricDescription(
            name: "flotilla.inbox.overdue_handlers", kind: .gauge,
            help: "Handler calls that have run longer than they may."),
        MetricDescription(
            name: "flotilla.inbox.unknown_types", kind: .counter,
            help: "Events of types that this version of the program does not know."),
        MetricDescription(
            name: "flotilla.bus.lease_losses", kind: .counter,
            help: "Leases that another process took over."),
        MetricDescription(
            name: "flotilla.dead_letter.messages", kind: .counter,
            help: "Deliveries given up after the last attempt."),
        MetricDescription(
            name: "flotilla.kafka.consumer_lag_events", kind: .gauge,
            help: "Messages of a partition that a module's intake has not taken."),
        MetricDescription(
            name: "flotilla.kafka.errors", kind: .counter,
            help: "Batches and sessions with a broker that failed, by librdkafka's error name."),
        MetricDescription(
            name: "messaging.process.duration", kind: .timer,
            help: "Time a consumer took to handle one event."),
    ]

    private static let storage: [MetricDescription] = [
        MetricDescription(
            name: "db.client.operation.duration", kind: .timer,
            help: "Time of one database operation, waiting for the connection included.",
            buckets: .database)
    ]

    private static let user: [MetricDescription] = [
        MetricDescription(
            name: "flotilla.user.log_ins", kind: .counter,
            help: "Log-ins, by what became of them: opened, factor_needed, refused, turned_away.")
    ]

    private static let commerce: [MetricDescription] = [
        MetricDescription(
            name: "flotilla.orders", kind: .counter,
            help: "What became of orders: placed, confirmed, rejected, expired, cancelled, …"),
        MetricDescription(
            name: "flotilla.payments", kind: .counter,
            help: "What became of payments and their refunds, by provider."),
        MetricDescription(
            name: "flotilla.payment.imbalance", kind: .gauge,
            help: "What payments and bookings differ by, in minor units; 0 is as it should be."),
        MetricDescription(
            name: "flotilla.stock.reservations", kind: .counter,
            help: "What became of the stock that orders asked for: held, refused, converted, …"),
        MetricDescription(
            name: "flotilla.product.provider_requests", kind: .counter,
            help: "Questions to providers of offers, by how they ended."),
        MetricDescription(
            name: "flotilla.product.provider_circuit_state", kind: .gauge,
            help: "0 while a provider is asked, 1 while one request tries it, 2 while none is."),
    ]

    private static let process: [MetricDescription] = [
        MetricDescription(
            name: "process.cpu.seconds", kind: .counter,
            help: "User and system CPU time spent."),
        MetricDescription(
            name: "process.resident_memory_bytes", kind: .gauge, help: "Resident memory."),
        MetricDescription(
            name: "process.virtual_memory_bytes", kind: .gauge, help: "Virtual memory."),
        MetricDescription(
            name: "process.open_fds", kind: .gauge, help: "Open file descriptors."),
        MetricDescription(
            name: "process.max_fds", kind: .gauge,
            help: "The most file descriptors that may be open."),
        MetricDescription(
            name: "process.start_time_seconds", kind: .gauge,
            help: "Start of the process since the Unix epoch."),
        MetricDescription(name: "process.threads", kind: .gauge, help: "Operating system threads."),
    ]

    private static let own: [MetricDescription] = [
        MetricDescription(
            name: "log.messages", kind: .counter, help: "Log lines, by level and module."),
        MetricDescription(
            name: "log.messages.dropped", kind: .counter,
            help: "Log lines dropped because the output did not keep up."),
        MetricDescription(
            name: PrometheusRegistry.overflowName, kind: .counter,
            help: "Series refused because their metric had reached its limit, by metric."),
        MetricDescription(
            name: "flotilla.build_info", kind: .gauge,
            help: "Always 1; the labels say which build is running."),
    ]

    static func publishBuildInfo(_ settings: TelemetrySettings, in registry: PrometheusRegistry) {
        #if compiler(>=6.3)
            let compiler = "6.3"
        #else
            let compiler = "6.2"
        #endif
        registry.makeMeter(
            label: "flotilla.build_info",
            dimensions: [
                ("version", settings.version), ("revision", settings.revision),
                ("swift", compiler),
            ]
        ).set(1.0)
    }
}
