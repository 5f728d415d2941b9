import HTTPTypes

/// Finds the destination of a path: of the templates that match, the most literal one.
struct RouteMap: Sendable {
    struct Match: Sendable {
        let template: String
        let destination: Destination
        /// The values of the placeholders, as they stand in the path.
        let values: [String: String]
    }

    private struct Template: Sendable {
        let text: String
        let segments: [Substring]
        var destinations: [(method: HTTPRequest.Method, destination: Destination)]

        /// `0` for a word and `1` for a placeholder: the smaller, the more literal.
        var rank: String { segments.map { $0.hasPrefix("{") ? "1" : "0" }.joined() }
    }

    private let templates: [Template]

    init(_ routes: [GatewayRoute]) {
        var templates: [Template] = []
        for route in routes {
            let entry = (method: route.method, destination: route.destination)
            if let known = templates.firstIndex(where: { $0.text == route.path }) {
                templates[known].destinations.append(entry)
            } else {
                templates.append(
                    Template(
                        text: route.path, segments: route.path.split(separator: "/"),
                        destinations: [entry]))
            }
        }
        self.templates = templates.sorted { $0.rank < $1.rank }
    }

    /// The template of a path, whatever the method: the process behind it knows its methods.
    func template(of path: String) -> String? { find(path)?.text }

    /// Where a request goes. A method that nobody declared goes where the others of the path go,
    /// to be answered with what is allowed there.
    func match(_ method: HTTPRequest.Method, _ path: String) -> Match? {
        guard let template = find(path) else { return nil }
        let wanted = method == .head ? .get : method
        guard
            let entry = template.destinations.first(where: { $0.method == wanted })
                ?? template.destinations.first
        else { return nil }
        var values: [String: String] = [:]
        for (name, value) in zip(template.segments, path.split(separator: "/"))
        where name.hasPrefix("{") {
            values[String(name.dropFirst().dropLast())] = String(value)
        }
        return Match(template: template.text, destination: entry.destination, values: values)
    }

    private func find(_ path: String) -> Template? {
        let segments = path.split(separator: "/")
        return templates.first { template in
            template.segments.count == segments.count
                && zip(template.segments, segments).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
    }
}
