/// Keys of AsyncAPI's objects, whose alphabet is smaller than that of topics and consumers.
enum JSONKey {
    /// The name with every character outside `[A-Za-z0-9_-]` made a hyphen.
    static func key(for name: String) -> String {
        String(
            name.map { character in
                let isPlain =
                    character.isASCII && (character.isLetter || character.isNumber)
                    || character == "_"
                return isPlain ? character : "-"
            })
    }
}
