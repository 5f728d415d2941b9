/// An import of a Swift file.
struct Import: Hashable {
    /// The module's name, without the path into it.
    let module: String
    let line: Int
    /// `@testable`, `@_exported` and others, without arguments.
    let attributes: Set<String>

    /// Every import of a text from which comments and strings are gone.
    static func all(in code: String) -> [Import] {
        var found: [Import] = []
        for (index, line) in code.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            for statement in line.split(separator: ";") {
                let words = Self.words(of: statement)
                guard let keyword = words.firstIndex(of: "import") else { continue }
                let before = words[..<keyword]
                guard before.allSatisfy({ $0.hasPrefix("@") || modifiers.contains($0) }) else {
                    continue
                }
                var after = words[(keyword + 1)...]
                if let kind = after.first, after.count > 1, kinds.contains(kind) {
                    after = after.dropFirst()
                }
                guard let path = after.first, let module = path.split(separator: ".").first else {
                    continue
                }
                found.append(
                    Import(
                        module: String(module).replacing("`", with: ""),
                        line: index + 1, attributes: Set(before.filter { $0.hasPrefix("@") })))
            }
        }
        return found
    }

    private static let modifiers: Set<String> = [
        "public", "package", "internal", "fileprivate", "private", "nonisolated",
    ]
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor", "macro",
    ]

    /// The words of a statement, without what stands in parentheses after an attribute.
    private static func words(of statement: Substring) -> [String] {
        statement.replacing(/\([^)]*\)/, with: " ")
            .split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
