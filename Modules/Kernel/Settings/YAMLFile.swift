import Yams

/// A configuration file with its nesting written out as dotted keys.
struct YAMLFile {
    /// A value of the file; what type a scalar has is for the setting to say.
    enum Value: Hashable {
        case text(String)
        case list([String])
        /// A key with nothing after it: nobody set it.
        case absent
    }

    /// One key and where it stands.
    struct Entry {
        let key: String
        let value: Value
        let place: String
    }

    let path: String
    private(set) var entries: [Entry] = []

    init(path: String) {
        self.path = path
    }

    /// Reads the file.
    ///
    /// - Returns: what is wrong with it, a line each; keys that could be read are in `entries`.
    mutating func read() -> [String] {
        switch TextFile.read(path) {
        case .unusable(let reason):
            return ["the configuration file \(path) \(reason)"]
        case .text(let text):
            do {
                guard let root = try Yams.compose(yaml: text) else { return [] }
                var problems: [String] = []
                flatten(root, under: "", into: &problems)
                return problems
            } catch let error as YamlError {
                return [Self.describe(error, in: path)]
            } catch {
                return ["file \(path): not YAML"]
            }
        }
    }

    /// The values as texts, a list with commas between its parts.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for entry in entries {
            switch entry.value {
            case .text(let text): texts[entry.key] = text
            case .list(let parts): texts[entry.key] = parts.joined(separator: ",")
            case .absent: break
            }
        }
        return texts
    }

    /// The file and the line of a key.
    func place(of key: String) -> String {
        entries.first { $0.key == key }?.place ?? "file \(path)"
    }

    private func place(of node: Node) -> String {
        node.mark.map { "file \(path), line \($0.line)" } ?? "file \(path)"
    }

    private mutating func flatten(_ node: Node, under key: String, into problems: inout [String]) {
        switch node {
        case .mapping(let mapping):
            for (name, value) in mapping {
                guard case .scalar(let scalar) = name, !scalar.string.isEmpty else {
                    problems.append("\(place(of: name)): a key must be a word")
                    continue
                }
                let path = key.isEmpty ? scalar.string : "\(key).\(scalar.string)"
                flatten(value, under: path, into: &problems)
            }
        case .sequence(let sequence):
            guard !key.isEmpty else {
                problems.append("file \(path): the file must be keys with values, not a list")
                return
            }
            var parts: [String] = []
            for element in sequence {
                guard case .scalar(let scalar) = element, !scalar.string.contains(",") else {
                    problems.append(
                        "\(key): the list may only have texts without commas"
                            + " (\(place(of: element)))")
                    return
                }
                parts.append(scalar.string)
            }
            add(key, .list(parts), at: node, &problems)
        case .scalar(let scalar):
            guard !key.isEmpty else {
                // A file of comments alone comes as an empty scalar.
                if !scalar.string.isEmpty {
                    problems.append("file \(path): the file must be keys with values, not a text")
                }
                return
            }
            add(key, Self.isNull(scalar) ? .absent : .text(scalar.string), at: node, &problems)
        case .alias:
            problems.append("\(key): an alias cannot be used here (\(place(of: node)))")
        }
    }

    private mutating func add(
        _ key: String, _ value: Value, at node: Node, _ problems: inout [String]
    ) {
        // Yams refuses a key twice in one mapping; this finds `a.b:` beside `a:` with `b:` in it.
        if let first = entries.first(where: { $0.key == key }) {
            problems.append("\(key): set twice (\(first.place), and \(place(of: node)))")
        } else {
            entries.append(Entry(key: key, value: value, place: place(of: node)))
        }
    }

    /// An empty value or one of YAML's words for nothing, without quotes.
    private static func isNull(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func describe(_ error: YamlError, in path: String) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "file \(path), line \(mark.line): not YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "file \(path), line \(context.mark.line): "
                + keys.map { "\($0): the key is there twice" }.joined(separator: ", ")
        case .reader(let problem, _, _, _):
            "file \(path): not YAML: \(problem)"
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            "file \(path): not YAML"
        }
    }
}
