import Metrics
import Telemetry
import Testing

@Suite struct `Rendering metrics` {
    let registry = PrometheusRegistry(descriptions: [
        MetricDescription(name: "orders.placed", kind: .counter, help: "Orders placed."),
        MetricDescription(
            name: "work.duration", kind: .timer, help: "Time.",
            buckets: MetricBuckets([0.01, 0.5, 1])),
        MetricDescription(
            name: "body.size", kind: .histogram, help: "Bytes.", buckets: MetricBuckets([1, 10])),
        MetricDescription(
            name: "odd", kind: .gauge, help: "back\\slash, \"quotes\"\nand a line break"),
    ])

    @Test func `names counters with total and maps dots in names and labels`() async {
        let counter = Counter(
            label: "orders.placed", dimensions: [("order.kind", "gift"), ("a-b", "1")],
            factory: registry)
        counter.increment()
        counter.increment(by: 2)
        #expect(
            await registry.render() == """
                # HELP orders_placed_total Orders placed.
                # TYPE orders_placed_total counter
                orders_placed_total{a_b="1",order_kind="gift"} 3

                """)
    }

    @Test func `escapes help texts and label values`() async {
        let hostile = "back\\slash \"quote\"\nbreak, {brace} ünï"
        Meter(label: "odd", dimensions: [("path", hostile)], factory: registry).set(1.5)
        #expect(
            await registry.render() == #"""
                # HELP odd back\\slash, "quotes"\nand a line break
                # TYPE odd gauge
                odd{path="back\\slash \"quote\"\nbreak, {brace} ünï"} 1.5

                """#)
    }

    @Test func `accumulates buckets and counts a bound as below itself`() async {
        let timer = Timer(label: "work.duration", dimensions: [("q", "x")], factory: registry)
        for milliseconds in [5, 10, 11, 500, 2_000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            await registry.render() == """
                # HELP work_duration_seconds Time.
                # TYPE work_duration_seconds histogram
                work_duration_seconds_bucket{q="x",le="0.01"} 2
                work_duration_seconds_bucket{q="x",le="0.5"} 4
                work_duration_seconds_bucket{q="x",le="1"} 4
                work_duration_seconds_bucket{q="x",le="+Inf"} 5
                work_duration_seconds_sum{q="x"} 2.526
                work_duration_seconds_count{q="x"} 5

                """)
    }

    @Test func `keeps recorders plain`() async {
        let recorder = Recorder(label: "body.size", factory: registry)
        for size in [1, 2, 100] { recorder.record(size) }
        #expect(
            await registry.render() == """
                # HELP body_size Bytes.
                # TYPE body_size histogram
                body_size_bucket{le="1"} 1
                body_size_bucket{le="10"} 2
                body_size_bucket{le="+Inf"} 3
                body_size_sum 103
                body_size_count 3

                """)
    }

    @Test func `orders families and series, whatever the order of use`() async {
        for name in ["b", "a"] {
            for value in ["2", "1"] {
                Gauge(label: name, dimensions: [("l", value)], factory: registry).record(1)
            }
        }
        let samples = await registry.render().split(separator: "\n").filter { $0.first != "#" }
        #expect(samples == ["a{l=\"1\"} 1", "a{l=\"2\"} 1", "b{l=\"1\"} 1", "b{l=\"2\"} 1"])
    }

    @Test func `writes the numbers that Prometheus reads`() async {
        let values: [(String, Double)] = [
            ("a", .infinity), ("b", -.infinity), ("c", .nan), ("d", 1e-7), ("e", 1e300),
            ("f", -0.25), ("g", 9_007_199_254_740_991),
        ]
        for (name, value) in values { Meter(label: name, factory: registry).set(value) }
        let samples = await registry.render().split(separator: "\n").filter { $0.first != "#" }
        #expect(
            samples == [
                "a +Inf", "b -Inf", "c NaN", "d 1e-07", "e 1e+300", "f -0.25",
                "g 9007199254740991",
            ])
    }

    @Test func `leaves out empty labels and repairs bad ones`() async {
        let labels = [
            ("http.route", ""), ("le", "x"), ("__name__", "y"), ("1st", "z"), ("a.b", "1"),
            ("a_b", "2"), ("naïve", "n"), ("", "e"),
        ]
        Meter(label: "1st.näme", dimensions: labels, factory: registry).set(1)
        let samples = await registry.render().split(separator: "\n").filter { $0.first != "#" }
        #expect(
            samples == [
                #"_1st_n_me{_="e",_1st="z",_name__="y",a_b="1",le_="x",na_ve="n"} 1"#
            ])
    }

    @Test func `asks collectors first, each time`() async {
        registry.onCollect { [registry] in
            Meter(label: "pending", factory: registry).increment()
        }
        _ = await registry.render()
        #expect(await registry.render().contains("\npending 2\n"))
    }
}

@Suite struct `Describing the platform` {
    @Test func `exposes the agreed names`() async {
        let registry = PrometheusRegistry()
        for description in StandardMetrics.all {
            switch description.kind {
            case .counter: Counter(label: description.name, factory: registry).increment(by: 0)
            case .gauge: Meter(label: description.name, factory: registry).set(0)
            case .timer: Timer(label: description.name, factory: registry).recordSeconds(0)
            case .histogram: Recorder(label: description.name, factory: registry).record(0)
            }
        }
        let text = await registry.render()
        for name in [
            "http_server_request_duration_seconds", "http_server_active_requests",
            "flotilla_outbox_pending_events", "flotilla_outbox_oldest_pending_seconds",
            "flotilla_outbox_published_total", "flotilla_inbox_handled_total",
            "flotilla_inbox_retried_total", "flotilla_inbox_duplicates_total",
            "flotilla_inbox_parked_events", "flotilla_dead_letter_messages_total",
            "messaging_process_duration_seconds", "db_client_operation_duration_seconds",
            "log_messages_total", "flotilla_build_info", "process_cpu_seconds_total",
            "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
            "process_max_fds", "process_start_time_seconds", "process_threads",
        ] {
            #expect(text.contains("\n# TYPE \(name) ") || text.hasPrefix("# HELP \(name) "))
        }
        #expect(!text.contains("not described"))
        #expect(text.contains("db_client_operation_duration_seconds_bucket{le=\"0.001\"}"))
        #expect(text.contains("http_server_request_duration_seconds_bucket{le=\"0.075\"}"))
    }
}
