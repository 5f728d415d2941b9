/// Names, numbers and escapes of Prometheus's text format 0.0.4.
///
/// See [Exposition formats](https://prometheus.io/docs/instrumenting/exposition_formats/).
enum PrometheusText {
    /// A metric name: dots and everything else outside `[a-zA-Z0-9_]` become underscores.
    static func metricName(_ name: String, kind: MetricDescription.Kind) -> String {
        let base = identifier(name)
        let suffix: String
        switch kind {
        case .counter: suffix = "_total"
        case .timer: suffix = "_seconds"
        case .gauge, .histogram: suffix = ""
        }
        return base.hasSuffix(suffix) ? base : base + suffix
    }

    /// A label name; `le` and names beginning with `__` belong to Prometheus.
    static func labelName(_ key: String) -> String {
        var name = identifier(key)
        while name.hasPrefix("__") { name.removeFirst() }
        return name == "le" ? "le_" : name
    }

    /// A help text on one line.
    static func escapedHelp(_ text: String) -> String {
        escaped(text, quotes: false)
    }

    /// A label value between quotes.
    static func escapedLabel(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    /// A number as Go reads it, whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 {
            return String(whole)
        }
        return String(value)
    }

    private static func identifier(_ text: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": name.unicodeScalars.append(scalar)
            case "0"..."9":
                if name.isEmpty { name = "_" }
                name.unicodeScalars.append(scalar)
            default: name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
