extension SettingsCatalogue {
    /// Every key as a YAML file that sets each to its default.
    ///
    /// Above a key stand its summary and what it may be; a key without a default is a comment.
    /// Loading the text changes nothing.
    public func documentation() -> String {
        var root = DocumentedKey()
        let keys = Set(settings.map(\.key))
        for setting in settings {
            root.insert(setting, at: Self.path(of: setting.key, among: keys)[...])
        }
        return root.lines(indent: "").joined(separator: "\n") + "\n"
    }

    /// The parts of a key. A part below another setting stays joined to it (`modules.user`),
    /// because in YAML `modules` cannot be a word and a group at once.
    private static func path(of key: String, among keys: Set<String>) -> [String] {
        var path: [String] = []
        var (prefix, joined) = ("", "")
        let parts = key.split(separator: ".").map(String.init)
        for (index, part) in parts.enumerated() {
            prefix = prefix.isEmpty ? part : "\(prefix).\(part)"
            joined = joined.isEmpty ? part : "\(joined).\(part)"
            if index == parts.count - 1 || !keys.contains(prefix) {
                path.append(joined)
                joined = ""
            }
        }
        return path
    }
}

/// A key or a group of keys, in the order of declaration.
private struct DocumentedKey {
    var name = ""
    var setting: (any DeclaredSetting)?
    var children: [DocumentedKey] = []

    mutating func insert(_ setting: any DeclaredSetting, at path: ArraySlice<String>) {
        guard let name = path.first else {
            self.setting = setting
            return
        }
        let known = children.firstIndex { $0.name == name }
        let position = known ?? children.count
        if known == nil { children.append(DocumentedKey(name: name)) }
        children[position].insert(setting, at: path.dropFirst())
    }

    func lines(indent: String) -> [String] {
        children.flatMap { child -> [String] in
            guard let setting = child.setting else {
                return ["\(indent)\(child.name):"] + child.lines(indent: indent + "  ")
            }
            let value = setting.defaultText.map(Self.scalar)
            return [
                "\(indent)# \(setting.summary)",
                "\(indent)# Allowed: \(setting.allowed). Default: \(value ?? "none").",
                value.map { "\(indent)\(child.name): \($0)" } ?? "\(indent)# \(child.name):",
            ]
        }
    }

    /// A text as YAML reads it back: plain when nothing in it has a meaning of its own.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.wholeMatch(of: /[A-Za-z0-9.\/][A-Za-z0-9._\/+,:@-]*/) != nil
            && !text.hasSuffix(":") && !["null", "Null", "NULL"].contains(text)
        guard !isPlain else { return text }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
        return "\"\(escaped)\""
    }
}
