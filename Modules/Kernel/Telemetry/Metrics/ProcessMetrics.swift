internal import Foundation
internal import Metrics

/// CPU, memory, descriptors and threads of this process, read from `/proc/self` at each scrape.
///
/// On systems without `/proc` the metrics are absent.
public struct ProcessMetrics: Sendable {
    private let directory: String

    /// Reads the running process.
    public init() {
        self.init(directory: "/proc")
    }

    /// - Parameter directory: holds `self/stat` and its neighbours, and `stat`.
    package init(directory: String) {
        self.directory = directory
    }

    /// Refreshes the metrics before each rendering.
    public func register(in registry: PrometheusRegistry) {
        registry.onCollect { [weak registry] in
            if let registry { collect(into: registry) }
        }
    }

    /// Reads once and sets the metrics; what cannot be read is left alone.
    package func collect(into registry: PrometheusRegistry) {
        if let status = contents("self/stat").flatMap(ProcessStatus.init) {
            registry.observe(
                "process.cpu.seconds", total: status.cpuTicks / Self.ticksPerSecond)
            set("process.threads", status.threadCount, in: registry)
            set("process.virtual_memory_bytes", status.virtualBytes, in: registry)
            set(
                "process.resident_memory_bytes", status.residentPages * Self.pageBytes,
                in: registry)
            if let bootTime = contents("stat").flatMap(bootTime) {
                set(
                    "process.start_time_seconds",
                    bootTime + status.startTicks / Self.ticksPerSecond, in: registry)
            }
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: directory + "/self/fd") {
            set("process.open_fds", Double(open.count), in: registry)
        }
        if let limit = contents("self/limits").flatMap(openFilesLimit) {
            set("process.max_fds", limit, in: registry)
        }
    }

    private func set(_ name: String, _ value: Double, in registry: PrometheusRegistry) {
        registry.makeMeter(label: name, dimensions: []).set(value)
    }

    private func contents(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: "\(directory)/\(path)") else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }

    private func bootTime(_ text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private func openFilesLimit(_ text: String) -> Double? {
        let name = "Max open files"
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
        else { return nil }
        let soft = line.dropFirst(name.count).split(separator: " ").first
        return soft.flatMap { $0 == "unlimited" ? .infinity : Double($0) }
    }

    private static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    private static let pageBytes = Double(max(1, sysconf(Int32(_SC_PAGESIZE))))
}

/// The fields of `/proc/self/stat` in use; see proc_pid_stat(5).
struct ProcessStatus {
    let cpuTicks: Double
    let threadCount: Double
    let startTicks: Double
    let virtualBytes: Double
    let residentPages: Double

    /// The second field is the command in parentheses and may itself contain some.
    init?(_ text: String) {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
        /// Numbered from 1 as in the manual; the first of `fields` is the third.
        func field(_ number: Int) -> Double? {
            fields.count > number - 3 ? Double(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let threads = field(20),
            let start = field(22), let virtual = field(23), let resident = field(24)
        else { return nil }
        cpuTicks = user + system
        threadCount = threads
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }
}
