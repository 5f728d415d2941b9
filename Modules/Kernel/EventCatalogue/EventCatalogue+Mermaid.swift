import Events

extension EventCatalogue {
    /// The graph of the modules for Mermaid: who publishes to whom, and what.
    ///
    /// A module with a consumer of everything gets edges labelled `all`; a list of every type
    /// there is would bury the rest.
    public func mermaid() -> String {
        var modules: Set<String> = []
        var labels: [Edge: Set<String>] = [:]
        let everything = consumersOfEverything
        for entry in entries {
            modules.insert(entry.publisher)
            for consumer in entry.consumers {
                let edge = Edge(from: entry.publisher, to: module(of: consumer))
                modules.insert(edge.to)
                let label =
                    everything.contains(consumer) ? Self.all : entry.event.type.rawValue
                labels[edge, default: []].insert(label)
            }
        }
        let nodes = modules.sorted().map { "    \(JSONKey.key(for: $0))[\"\($0)\"]" }
        let edges = labels.sorted { $0.key < $1.key }.map { edge, types in
            let label =
                types.contains(Self.all) ? Self.all : types.sorted().joined(separator: "<br/>")
            return "    \(JSONKey.key(for: edge.from)) -->|\"\(label)\"| "
                + JSONKey.key(for: edge.to)
        }
        return (["flowchart LR"] + nodes + edges).joined(separator: "\n") + "\n"
    }

    /// No type's name: those begin with a capital letter.
    private static let all = "all"

    /// Nobody, when there is a single type to hear.
    private var consumersOfEverything: Set<String> {
        guard entries.count > 1, let first = entries.first else { return [] }
        return entries.reduce(into: Set(first.consumers)) { $0.formIntersection($1.consumers) }
    }

    private struct Edge: Hashable, Comparable {
        let from: String
        let to: String

        static func < (one: Edge, other: Edge) -> Bool {
            (one.from, one.to) < (other.from, other.to)
        }
    }
}
