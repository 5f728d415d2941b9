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
    func methods(at path: String) -> Set<String> {
        let segments = path.split(separator: "/")
        var methods = Set(entries.filter { Self.matches($0.segments, segments) }.map(\.method))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods
    }

    private static func matches(_ template: [Substring], _ path: [Substring]) -> Bool {
        template.count == path.count
            && zip(template, path).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }
}
