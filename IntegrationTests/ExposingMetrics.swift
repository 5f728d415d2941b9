import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Exposing metrics` {
        static let consumers = [
            "notification.user-mails", "search.user-index", "order.customers",
            "order.welcome-order", "order.payments", "audit.trail", "payment.charge",
            "product.holds", "order.stock",
        ]

        @Test(arguments: Topology.allCases)
        func `gives promtool nothing to complain about`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                _ = try await system.person("Ada")
                try await system.quiet()
                for api in system.apisOfProcesses {
                    let answer = try await api.get("/metrics")
                    #expect(
                        answer.headers["content-type"]
                            == "text/plain; version=0.0.4; charset=utf-8")
                    let verdict = try await Program.run(
                        "/usr/bin/promtool", ["check", "metrics"], input: answer.body)
                    #expect(verdict.exitCode == 0, "\(verdict)")
                    #expect(verdict.output.isEmpty && verdict.complaints.isEmpty, "\(verdict)")
                }
            }
        }

        /// Registered, logged in, booked: the trail hears all of it, and of what can be ordered;
        /// mails might be due for the first two, and Product holds, prolongs and allocates.
        private static let handledCounts = [
            "audit.trail": Double(2 + Booking.types.count + Orders.products.count),
            "notification.user-mails": 2, "product.holds": 3, "order.stock": 2,
        ]

        @Test(arguments: Topology.allCases)
        func `counts a registration at every step of its chain`(
            topology: Topology
        ) async throws {
            try await withSystem(topology, environment: Booking.solvent) { system in
                let ada = try await system.person("Ada")
                let order = try await system.settledWelcomeOrder(of: ada)
                _ = try await ada.api.get("/api/v1/orders/\(order["id"].string ?? "")")
                try await system.quiet()
                let metrics = try await metrics(of: system)
                let entrance = try await system.api.metrics
                for (method, route, status) in [
                    ("POST", "/api/v1/users", "201"), ("POST", "/api/v1/sessions", "201"),
                    ("GET", "/api/v1/orders/{id}", "200"),
                ] {
                    for seen in [entrance, metrics] {
                        let count = seen.value(
                            "http_server_request_duration_seconds_count",
                            [
                                "http_request_method": method, "http_route": route,
                                "http_response_status_code": status,
                            ])
                        #expect(count == 1, "\(method) \(route)")
                    }
                }
                for consumer in Self.consumers {
                    let labels = ["consumer": consumer]
                    let handled = metrics.value("flotilla_inbox_handled_total", labels) ?? -1
                    #expect(handled == Self.handledCounts[consumer, default: 1], "\(consumer)")
                    for state in ["retrying", "waiting", "dead"] {
                        let parked = metrics.value(
                            "flotilla_inbox_parked_events",
                            labels.merging(["state": state]) { $1 })
                        #expect(parked == 0, "\(consumer) \(state)")
                    }
                    #expect(metrics.value("flotilla_inbox_retried_total", labels) == 0)
                }
                #expect(Self.pending(in: metrics).count >= 9)
                #expect(
                    !metrics.series.union(entrance.series).contains {
                        $0.contains(ada.id) || $0.contains(ada.email)
                    })
            }
        }

        /// What the processes tell when the outboxes are empty: that a broker has an event is
        /// written down after the event was handled, as likely as not.
        private func metrics(of system: RunningSystem) async throws -> Exposition {
            try await eventually("nothing is pending") {
                try await system.metricsOfModules
            } until: {
                Self.pending(in: $0).allSatisfy { $0 == "0" }
            }
        }

        private static func pending(in metrics: Exposition) -> [String] {
            metrics.samples.filter { $0.key.hasPrefix("flotilla_outbox_pending_events{") }
                .map(\.value)
        }

        @Test(arguments: Topology.allCases)
        func `gains no series by a thousand random paths and methods`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                var random = SystemRandomNumberGenerator()
                // Of all kinds that the parser lets through: every label a stranger can cause.
                let methods = [
                    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
                    "PROPFIND", "MKCOL", "LOCK", "REPORT", "SUBSCRIBE", "PURGE", "LINK",
                ]
                for method in methods { _ = try await system.api.send(method, "/none") }
                // The first scrape adds a series of its own, that of /metrics.
                _ = try await series(of: system)
                let before = try await series(of: system)
                for _ in 0..<1_000 {
                    let method = methods.randomElement(using: &random) ?? "GET"
                    let path = Self.randomPath(using: &random)
                    let answer = try await system.api.send(method, path)
                    #expect(answer.status == 404 || answer.status == 405, "\(answer)")
                }
                for _ in 0..<20 {
                    let connection = try RawConnection(port: system.port)
                    let method = String(UInt64.random(in: 0 ... .max, using: &random), radix: 36)
                    try connection.write("\(method.uppercased()) / HTTP/1.1\r\nHost: x\r\n\r\n")
                    _ = connection.read(until: "\r\n\r\n")
                }
                let after = try await series(of: system)
                let new = after.subtracting(before).sorted()
                #expect(new.isEmpty, "\(new.prefix(10))")
            }
        }

        /// Each process's series, but for those of a broker's partitions, which come as it tells of
        /// them.
        private func series(of system: RunningSystem) async throws -> Set<String> {
            var all: Set<String> = []
            for api in system.apisOfProcesses {
                let series = try await api.metrics.series.filter {
                    !$0.hasPrefix("flotilla_kafka_")
                }
                all.formUnion(series.map { "\(api.url) \($0)" })
            }
            return all
        }

        private static func randomPath(
            using random: inout SystemRandomNumberGenerator
        ) -> String {
            let prefix =
                ["", "/api", "/api/v1/users/me/orders", "/api/v1/no-products"]
                .randomElement(using: &random) ?? ""
            let words = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                String(UInt32.random(in: 0 ... .max, using: &random), radix: 36)
            }
            return prefix + "/" + words.joined(separator: "/") + "?x=\(words[0])"
        }
    }
}
