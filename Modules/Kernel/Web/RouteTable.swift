import HTTPTypes

/// Every route of the process by its path, to tell "no such thing" from "not by that method".
package struct RouteTable: Sendable {
    private struct Entry: Sendable {
        let segments: [Substring]
        let method: String
    }

    private let entries: [Entry]

    package init(_ routes: [Route]) {
        entries = routes.map {
            Entry(segments: $0.path.split(separator: "/"), method: $0.method.rawValue)
        }
    }

    /// The methods that a path answers to; none when there is nothing.
    ///
    /// Where a word of the path is a template's own and another's placeholder, the former has it,
    /// as in the router: `/users/me` is no user whose id is `me`.
    func methods(at path: String) -> Set<String> {
        var matching = entries.filter { $0.segments.count == path.split(separator: "/").count }
        for (index, word) in path.split(separator: "/").enumerated() {
            let literal = matching.filter { $0.segments[index] == word }
            matching =
                literal.isEmpty
                ? matching.filter { $0.segments[index].hasPrefix("{") } : literal
        }
        var methods = Set(matching.map(\.method))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods
    }
}
