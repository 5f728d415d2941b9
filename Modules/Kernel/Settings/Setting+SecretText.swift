extension Setting where Value == String? {
    /// A secret: the text itself, or `file:PATH` to a file that holds it, as mounted secrets do.
    ///
    /// The file is read once, when the settings are loaded; line ends after its text are dropped.
    /// An empty text means absent; an empty file is refused.
    public static func secretText(_ key: String, _ summary: String) -> Self {
        Self(
            key, default: nil, defaultText: nil, allowed: "a text, or file:PATH to it", summary,
            isSecret: true
        ) { text throws(SettingRefusal) in
            guard text.hasPrefix("file:") else { return text.isEmpty ? nil : text }
            return try contents(ofFile: String(text.dropFirst("file:".count)))
        }
    }

    private static func contents(ofFile path: String) throws(SettingRefusal) -> String {
        switch TextFile.read(path) {
        case .text(let text):
            let secret = text.droppingLineEnds
            guard !secret.isEmpty else { throw .badFile(path: path, reason: "is empty") }
            return secret
        case .unusable(let reason):
            throw .badFile(path: path, reason: reason)
        }
    }
}
