extension Setting where Value == Int {
    /// A whole number within bounds.
    public static func int(
        _ key: String, default defaultValue: Int, in range: ClosedRange<Int>, _ summary: String
    ) -> Self {
        precondition(range.contains(defaultValue), "\(key): the default is outside the range")
        return Self(
            key, default: defaultValue, defaultText: String(defaultValue),
            allowed: "an integer from \(range.lowerBound) to \(range.upperBound)", summary
        ) { text throws(SettingRefusal) in
            guard let value = Int(text), range.contains(value) else { throw .notAllowed }
            return value
        }
    }
}

extension Setting where Value == Bool {
    /// A switch; takes the words that swift-configuration takes for one.
    public static func bool(
        _ key: String, default defaultValue: Bool, _ summary: String
    ) -> Self {
        Self(
            key, default: defaultValue, defaultText: String(defaultValue),
            allowed: "true or false (also yes, no, 1, 0)", summary
        ) { text throws(SettingRefusal) in
            switch text.lowercased() {
            case "true", "yes", "1": return true
            case "false", "no", "0": return false
            default: throw .notAllowed
            }
        }
    }
}

extension Setting where Value == String {
    /// A text. Empty is refused unless the default is empty.
    public static func string(
        _ key: String, default defaultValue: String, _ summary: String, isSecret: Bool = false
    ) -> Self {
        let isEmptyAllowed = defaultValue.isEmpty
        return Self(
            key, default: defaultValue, defaultText: defaultValue,
            allowed: isEmptyAllowed ? "a text" : "a text that is not empty", summary,
            isSecret: isSecret
        ) { text throws(SettingRefusal) in
            guard isEmptyAllowed || !text.isEmpty else { throw .notAllowed }
            return text
        }
    }
}

extension Setting where Value == String? {
    /// A text that may be absent; an empty text means absent.
    public static func optionalString(
        _ key: String, _ summary: String, isSecret: Bool = false
    ) -> Self {
        Self(
            key, default: nil, defaultText: nil, allowed: "a text", summary, isSecret: isSecret
        ) { text in text.isEmpty ? nil : text }
    }
}

extension Setting where Value == [String] {
    /// Texts with commas between them, or a YAML list. White space around a part is dropped;
    /// an empty text is an empty list, and an empty part is refused.
    public static func list(
        _ key: String, default defaultValue: [String], _ summary: String
    ) -> Self {
        Self(
            key, default: defaultValue, defaultText: defaultValue.joined(separator: ","),
            allowed: "texts separated by commas", summary, acceptsList: true
        ) { text throws(SettingRefusal) in
            if text.isBlank { return [] }
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.trimmed }
            guard !parts.contains("") else { throw .notAllowed }
            return parts
        }
    }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One word of a closed set.
    public static func choice(
        _ key: String, default defaultValue: Value, _ summary: String
    ) -> Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(
            key, default: defaultValue, defaultText: defaultValue.rawValue,
            allowed: words.count == 1 ? words[0] : "one of " + words.joined(separator: ", "),
            summary
        ) { text throws(SettingRefusal) in
            guard let value = Value(rawValue: text) else { throw .notAllowed }
            return value
        }
    }
}

extension Setting {
    /// A value with a syntax of its own.
    ///
    /// - Parameters:
    ///   - defaultText: the default as it would be written in a file; nil when there is none.
    ///   - parse: answers nil for a text that is not `allowed`.
    public static func custom(
        _ key: String, default defaultValue: Value, defaultText: String?, allowed: String,
        _ summary: String, isSecret: Bool = false, parse: @escaping @Sendable (String) -> Value?
    ) -> Self {
        Self(
            key, default: defaultValue, defaultText: defaultText, allowed: allowed, summary,
            isSecret: isSecret
        ) { text throws(SettingRefusal) in
            guard let value = parse(text) else { throw .notAllowed }
            return value
        }
    }
}
