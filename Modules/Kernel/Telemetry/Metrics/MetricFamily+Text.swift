extension MetricFamily {
    /// The family in text format; empty while it has no series.
    func text(help: String?) -> String {
        let all = sortedSeries()
        guard !all.isEmpty else { return "" }
        let help = help ?? "Recorded as \(name); not described."
        var text = "# HELP \(exposedName) \(PrometheusText.escapedHelp(help))\n"
        text += "# TYPE \(exposedName) \(typeName)\n"
        for (labels, series) in all {
            switch series {
            case .counter(let counter):
                text += line(exposedName, labels, counter.text)
            case .gauge(let gauge):
                text += line(exposedName, labels, PrometheusText.number(gauge.value))
            case .histogram(let histogram):
                append(histogram, labels, to: &text)
            }
        }
        return text
    }

    private func append(_ histogram: HistogramSeries, _ labels: String, to text: inout String) {
        let snapshot = histogram.snapshot
        let prefix = labels.isEmpty ? "" : labels + ","
        var cumulative: UInt64 = 0
        for (index, count) in snapshot.counts.enumerated() {
            cumulative += count
            let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
            text += line(
                exposedName + "_bucket", "\(prefix)le=\"\(PrometheusText.number(bound))\"",
                String(cumulative))
        }
        text += line(exposedName + "_sum", labels, PrometheusText.number(snapshot.sum))
        text += line(exposedName + "_count", labels, String(cumulative))
    }

    private func line(_ name: String, _ labels: String, _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    private var typeName: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram, .timer: "histogram"
        }
    }
}
