import Foundation

/// The media types that a client takes (RFC 9110, section 12.5.1).
struct AcceptedTypes: Sendable {
    private static let rangesOfJSON: Set<String> = [
        "*/*", "application/*", "application/json", "application/problem+json",
    ]

    private let ranges: [Substring]

    /// - Parameter fields: the values of `Accept`, in any number.
    init(_ fields: [String]) {
        ranges = fields.flatMap { $0.split(separator: ",") }
            .filter { !$0.allSatisfy(\.isWhitespace) }
    }

    /// Whether JSON is among them; also when the client says nothing.
    var includesJSON: Bool { ranges.isEmpty || ranges.contains(where: Self.admitsJSON) }

    private static func admitsJSON(_ range: Substring) -> Bool {
        let parts = range.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard let type = parts.first, rangesOfJSON.contains(type) else { return false }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
        // A weight that is none does not forbid.
        return weight.map { (Double($0.dropFirst(2)) ?? 1) > 0 } ?? true
    }
}
