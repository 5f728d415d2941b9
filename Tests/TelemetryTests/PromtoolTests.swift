import FlotillaTesting
import Foundation
import Metrics
import Telemetry
import Testing

@Suite struct `Checking metrics with promtool` {
    static let promtool = "/usr/bin/promtool"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool)))
    func `finds nothing to complain about`() async throws {
        let registry = PrometheusRegistry()
        ProcessMetrics().register(in: registry)
        for description in StandardMetrics.all {
            for value in ["plain", "back\\", "\"", "line\nbreak", "ret\rurn", "ünï👩‍👩‍👧", ""] {
                let labels = [("http.route", value), ("error.type", "")]
                record(description, labels, in: registry)
            }
        }
        Timer(label: "some.library", factory: registry).recordMilliseconds(3)
        let (status, output) = try check(await registry.render())
        #expect(status == 0, "\(output)")
        #expect(output == "")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool)))
    func `would have found something`() throws {
        #expect(try check("# TYPE a counter\na 1\n").status != 0)
    }

    private func record(
        _ description: MetricDescription, _ labels: [(String, String)],
        in registry: PrometheusRegistry
    ) {
        let name = description.name
        switch description.kind {
        case .counter: Counter(label: name, dimensions: labels, factory: registry).increment()
        case .gauge: Meter(label: name, dimensions: labels, factory: registry).set(0.5)
        case .timer:
            Timer(label: name, dimensions: labels, factory: registry).recordMilliseconds(7)
        case .histogram: Recorder(label: name, dimensions: labels, factory: registry).record(7)
        }
    }

    private func check(_ text: String) throws -> (status: Int32, output: String) {
        let outcome = try Command.run(
            Self.promtool, ["check", "metrics"], input: Data(text.utf8))
        return (
            outcome.status, String(decoding: outcome.output + outcome.complaints, as: UTF8.self)
        )
    }
}
