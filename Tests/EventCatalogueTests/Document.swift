import EventCatalogue
import Foundation

/// An AsyncAPI document as tests look at it.
struct Document {
    private let root: [String: Any]

    init(_ catalogue: EventCatalogue) throws {
        try self.init(try catalogue.asyncAPI())
    }

    init(_ data: Data) throws {
        root = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// The object at the end of a path of keys; empty when there is none.
    subscript(path: [String]) -> Object {
        let value = path.reduce(root as Any?) { ($0 as? [String: Any])?[$1] }
        return Object(fields: value as? [String: Any] ?? [:])
    }

    struct Object {
        let fields: [String: Any]
        var keys: [String] { fields.keys.sorted() }
        subscript(name: String) -> Any? { fields[name] }
    }

    /// What the specification demands beyond the JSON schema: references lead somewhere, an
    /// operation's messages are some of its channel's, keys keep to their alphabet.
    var violations: [String] {
        var found = references(in: root).filter { target($0) == nil }.map { "\($0) is nowhere" }
        let operations = self[["operations"]]
        let messages = self[["channels"]].keys.flatMap { self[["channels", $0, "messages"]].keys }
        for key in operations.keys + messages
        where key.wholeMatch(of: /[A-Za-z0-9_\-]+/) == nil {
            found.append("\(key) is no key")
        }
        for key in operations.keys {
            let operation = self[["operations", key]]
            let channel = (operation["channel"] as? [String: String])?["$ref"] ?? "none"
            let own = (operation["messages"] as? [[String: String]] ?? []).compactMap { $0["$ref"] }
            if own.isEmpty { found.append("\(key) has no messages") }
            for message in own where !message.hasPrefix(channel + "/messages/") {
                found.append("\(key) has \(message), which its channel has not")
            }
        }
        return found
    }

    private func references(in value: Any) -> [String] {
        switch value {
        case let object as [String: Any]:
            (object["$ref"] as? String).map { [$0] } ?? object.values.flatMap(references)
        case let list as [Any]: list.flatMap(references)
        default: []
        }
    }

    private func target(_ pointer: String) -> Any? {
        guard pointer.hasPrefix("#/") else { return nil }
        return pointer.dropFirst(2).split(separator: "/").reduce(root as Any?) {
            ($0 as? [String: Any])?[String($1)]
        }
    }
}
