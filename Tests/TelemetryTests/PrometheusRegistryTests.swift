import Foundation
import Metrics
import Telemetry
import Testing

@Suite struct `Recording metrics` {
    @Test func `finds the same series for the same labels in any order`() async {
        let registry = PrometheusRegistry(descriptions: [])
        let labels = [("a", "1"), ("b", "2")]
        let first = registry.makeCounter(label: "c", dimensions: labels)
        let second = registry.makeCounter(label: "c", dimensions: labels)
        let third = registry.makeCounter(label: "c", dimensions: labels.reversed())
        #expect(first === second)
        #expect(first === third)
        #expect(first !== registry.makeCounter(label: "c", dimensions: []))
    }

    @Test func `loses nothing under concurrency`() async {
        let registry = PrometheusRegistry(descriptions: [])
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        Counter(label: "whole", factory: registry).increment()
                        FloatingPointCounter(label: "half", factory: registry).increment(by: 0.5)
                        Meter(label: "level", factory: registry).increment()
                        Timer(label: "time", factory: registry).recordSeconds(1)
                    }
                }
            }
        }
        let text = await registry.render()
        #expect(text.contains("\nwhole_total 80000\n"))
        #expect(text.contains("\nhalf_total 40000\n"))
        #expect(text.contains("\nlevel 80000\n"))
        #expect(text.contains("\ntime_seconds_bucket{le=\"1\"} 80000\n"))
        #expect(text.contains("\ntime_seconds_count 80000\n"))
        #expect(text.contains("\ntime_seconds_sum 80000\n"))
    }

    @Test func `lets counters only grow, and never overflow`() async {
        let registry = PrometheusRegistry(descriptions: [])
        let counter = registry.makeCounter(label: "c", dimensions: [])
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(await registry.render().contains("\nc_total 5\n"))
        counter.increment(by: .max)
        counter.increment(by: .max)
        #expect(await registry.render().contains("\nc_total \(Int64.max)\n"))
        let fractions = registry.makeFloatingPointCounter(label: "f", dimensions: [])
        fractions.increment(by: 1.5)
        fractions.increment(by: -1)
        fractions.increment(by: .nan)
        #expect(await registry.render().contains("\nf_total 1.5\n"))
    }

    @Test func `ignores samples that are not numbers`() async {
        let registry = PrometheusRegistry(descriptions: [])
        let recorder = Recorder(label: "r", factory: registry)
        recorder.record(Double.nan)
        recorder.record(Double.infinity)
        recorder.record(2.0)
        #expect(await registry.render().contains("\nr_count 1\n"))
    }

    @Test func `bounds the series of a metric and counts what it refused`() async {
        let registry = PrometheusRegistry(seriesCountMax: 10)
        for index in 0..<10_000 {
            Counter(label: "hits", dimensions: [("path", "/\(index)")], factory: registry)
                .increment()
        }
        Counter(label: "hits", dimensions: [("path", "/3")], factory: registry).increment()
        let text = await registry.render()
        let samples = text.split(separator: "\n").filter { $0.hasPrefix("hits_total{") }
        #expect(samples.count == 10)
        #expect(samples.contains("hits_total{path=\"/3\"} 2"))
        #expect(text.contains("flotilla_telemetry_overflow_total{metric=\"hits\"} 9990\n"))
    }

    @Test func `refuses a name that another kind already exposes`() async {
        let registry = PrometheusRegistry(descriptions: [])
        Recorder(label: "size", factory: registry).record(1)
        Gauge(label: "size", factory: registry).record(7)
        Gauge(label: "size.count", factory: registry).record(7)
        let text = await registry.render()
        #expect(text.components(separatedBy: "# TYPE size ").count == 2)
        #expect(!text.contains(" 7\n"))
        #expect(text.contains("{metric=\"size\"} 1\n"))
    }

    @Test func `cuts labels that are texts`() async {
        let registry = PrometheusRegistry(descriptions: [])
        let long = String(repeating: "x", count: 10_000)
        Meter(label: "m", dimensions: [("l", long)], factory: registry).set(1)
        #expect(await registry.render().utf8.count < 500)
    }

    @Test func `keeps a series that one of its owners destroyed`() async {
        let registry = PrometheusRegistry(descriptions: [])
        let counter = Counter(label: "c", factory: registry)
        counter.increment()
        counter.destroy()
        #expect(await registry.render().contains("\nc_total 1\n"))
    }
}

@Suite struct `Measuring the process` {
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/stat")))
    func `reports plausible values for this process`() async throws {
        let registry = PrometheusRegistry()
        ProcessMetrics().register(in: registry)
        let values = samples(await registry.render())
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(
            try #require(values["process_virtual_memory_bytes"])
                >= #require(values["process_resident_memory_bytes"]))
        #expect(try #require(values["process_threads"]) >= 1)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= 3)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
        let start = try #require(values["process_start_time_seconds"])
        #expect(start <= Date().timeIntervalSince1970 + 2)
        #expect(start > Date().timeIntervalSince1970 - 86_400)
    }

    @Test func `reads the fields the manual names, whatever the command is called`() async throws {
        let proc = try TemporaryProc()
        let registry = PrometheusRegistry()
        ProcessMetrics(directory: proc.path).collect(into: registry)
        let values = samples(await registry.render())
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        #expect(values["process_cpu_seconds_total"] == (14 + 15) / ticks)
        #expect(values["process_threads"] == 20)
        #expect(values["process_virtual_memory_bytes"] == 23)
        #expect(values["process_resident_memory_bytes"] == 24 * page)
        #expect(values["process_start_time_seconds"] == 1_700_000_000 + 22 / ticks)
        #expect(values["process_max_fds"] == .infinity)
        #expect(values["process_open_fds"] == 0)
    }

    @Test func `says nothing where there is nothing to read`() async {
        let registry = PrometheusRegistry()
        ProcessMetrics(directory: "/nonexistent").collect(into: registry)
        #expect(await registry.render().isEmpty)
    }

    private func samples(_ text: String) -> [String: Double] {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where line.first != "#" {
            let parts = line.split(separator: " ")
            values[String(parts[0])] = Double(parts[1])
        }
        return values
    }
}

/// A directory like `/proc` whose fields hold their own numbers.
private final class TemporaryProc {
    let path: String

    init() throws {
        let root = FileManager.default.temporaryDirectory
            .appendingPathComponent("proc-\(UUID().uuidString)")
        path = root.path
        let own = root.appendingPathComponent("self")
        try FileManager.default.createDirectory(
            at: own.appendingPathComponent("fd"), withIntermediateDirectories: true)
        let fields = (3...52).map(String.init).joined(separator: " ")
        try Data("1 (a) b (c) \(fields)\n".utf8).write(to: own.appendingPathComponent("stat"))
        try Data("cpu 1\nbtime 1700000000\n".utf8).write(to: root.appendingPathComponent("stat"))
        try Data("Limit  Soft\nMax open files   unlimited  unlimited files\n".utf8)
            .write(to: own.appendingPathComponent("limits"))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
