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
