/// Metrics in the Prometheus text format.
struct Exposition: Sendable {
    /// Values by series, name and labels as they are written.
    let samples: [String: String]

    init(_ text: String) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        samples = Dictionary(
            lines.compactMap { line in
                line.lastIndex(of: " ").map {
                    (String(line[..<$0]), String(line[line.index(after: $0)...]))
                }
            }
        ) { _, last in last }
    }

    /// What several processes tell, each of its own.
    init(joining all: [Exposition]) {
        samples = all.reduce(into: [:]) { $0.merge($1.samples) { first, _ in first } }
    }

    var series: Set<String> { Set(samples.keys) }

    /// The value of the one series of a name that has all these labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples.filter { series, _ in
            (series == name || series.hasPrefix("\(name){"))
                && labels.allSatisfy { series.contains("\($0)=\"\($1)\"") }
        }
        return found.count == 1 ? found.first.flatMap { Double($0.value) } : nil
    }
}

extension API {
    /// What this process tells of itself.
    var metrics: Exposition {
        get async throws { Exposition(try await get("/metrics").text) }
    }
}

extension RunningSystem {
    /// What the processes with modules tell of themselves.
    var metricsOfModules: Exposition {
        get async throws {
            var all: [Exposition] = []
            for api in apisOfModules { all.append(try await api.metrics) }
            return Exposition(joining: all)
        }
    }
}
