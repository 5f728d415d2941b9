/// Labels as a call site wrote them; equal only in the same order.
struct Dimensions: Hashable, Sendable {
    let pairs: [(String, String)]

    static func == (left: Self, right: Self) -> Bool {
        left.pairs.count == right.pairs.count && zip(left.pairs, right.pairs).allSatisfy(==)
    }

    func hash(into hasher: inout Hasher) {
        for (key, value) in pairs {
            hasher.combine(key)
            hasher.combine(value)
        }
    }
}

/// Labels as they are exposed: valid names, sorted, none twice, none empty.
///
/// An empty value means the same as no label, so it is left out.
struct MetricLabels: Hashable, Sendable {
    /// `a="1",b="2"`, escaped; also the sort key.
    let text: String

    /// A label value longer than this is cut; it would be text, not a label.
    private static let valueLengthMax = 256

    init(_ dimensions: [(String, String)]) {
        var seen: [String: String] = [:]
        for (key, value) in dimensions where !value.isEmpty {
            let name = PrometheusText.labelName(key)
            if seen[name] == nil {
                seen[name] = String(value.unicodeScalars.prefix(Self.valueLengthMax))
            }
        }
        text = seen.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(PrometheusText.escapedLabel($0.value))\"" }
            .joined(separator: ",")
    }
}
