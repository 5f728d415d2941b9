import Foundation
import Logging
import Metrics
import Telemetry
import Testing
import Tracing

@Suite struct `Bootstrapping telemetry` {
    @Test func `installs logs, metrics and traces, however often it is asked`() async throws {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            let settings = TelemetrySettings(
                serviceName: "flotilla", version: "1.2.3", environment: "test", logLevel: .info)
            let telemetry = Telemetry.bootstrap(settings)
            let again = Telemetry.bootstrap(settings)
            precondition(telemetry.registry === again.registry)
            withSpan("work") { _ in Logger(label: "test").info("Started") }
            Counter(label: "orders.placed").increment()
            let text = await telemetry.registry.render()
            precondition(text.contains("orders_placed_total 1\n"))
            precondition(text.contains("version=\"1.2.3\""))
            precondition(text.contains("process_threads"))
            precondition(text.contains("log_messages_dropped_total 0\n"))
            telemetry.flush()
        }
        let output = try #require(result?.standardOutputContent)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let line = try #require(lines.first { $0.contains("Started") })
        let fields = try LogProbe.parse(String(line))
        #expect((fields["trace_id"] as? String)?.count == 32)
        #expect(fields["serviceName"] as? String == "flotilla")
    }
}
