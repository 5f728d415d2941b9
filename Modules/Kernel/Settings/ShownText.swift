/// How a value that somebody wrote is repeated in a message.
enum ShownText {
    /// Long enough to know a value by; a message stays one line.
    private static let letterCountMax = 80

    /// The text in quotes on one line, with the password of a URL taken out.
    static func quoted(_ text: String) -> String {
        let line = withoutPassword(text).map { letter in
            letter.isNewline || letter == "\t" ? " " : String(letter)
        }.joined()
        guard line.count > letterCountMax else { return "\"\(line)\"" }
        return "\"\(line.prefix(letterCountMax))…\""
    }

    /// `scheme://user:password@host` with the password replaced, wherever it stands in a text.
    static func withoutPassword(_ text: String) -> String {
        // The last "@" counts: a password with an "@" in it is then hidden as a whole.
        guard let scheme = text.firstRange(of: "://"),
            let at = text[scheme.upperBound...].lastIndex(of: "@"),
            let colon = text[scheme.upperBound..<at].firstIndex(of: ":")
        else { return text }
        return text[...colon] + "[redacted]" + text[at...]
    }
}
