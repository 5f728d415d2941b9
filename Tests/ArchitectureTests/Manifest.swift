import Foundation

/// What `Package.swift` says, read from its text: its functions `module` and `part` each make a
/// target with tests.
struct Manifest {
    let modules: Set<String>
    let testTargets: Set<String>

    init(text: String) {
        let names = { (call: String) in Self.calls(of: call, in: text) }
        modules = Set(names("module(").map(\.name))
        let parts = names("part(").filter { !$0.arguments.contains("tested: false") }
        let literal = text.matches(of: /\.testTarget\(\s*name: "(\w+)"/).map { String($0.1) }
        testTargets = Set((modules + parts.map(\.name)).map { "\($0)Tests" } + literal)
    }

    /// Differences between the manifest and the folders of a tree.
    static func differences(in tree: SourceTree) throws -> [String] {
        let text = tree.files.first { $0.path == "Package.swift" }?.text ?? ""
        let manifest = Manifest(text: text)
        var folders = try SourceTree.folders(in: tree.root.appending(path: "Tests"))
        let integration = tree.root.appending(path: "IntegrationTests").path
        if FileManager.default.fileExists(atPath: integration) {
            folders.insert("IntegrationTests")
        }
        return compare("test target", manifest.testTargets, with: folders)
            + compare("module", manifest.modules, with: tree.modules)
    }

    /// The modules of a tree whose README is missing or has no invariants.
    static func modulesWithoutInvariants(in tree: SourceTree) -> [String] {
        tree.modules.sorted().filter { module in
            let readme = tree.root.appending(path: "Modules/\(module)/README.md")
            let text = (try? String(contentsOf: readme, encoding: .utf8)) ?? ""
            return !text.split(separator: "\n").contains("## Invariants")
        }
    }

    private static func compare(
        _ kind: String, _ declared: Set<String>, with folders: Set<String>
    ) -> [String] {
        declared.subtracting(folders).sorted().map { "the \(kind) \($0) has no folder" }
            + folders.subtracting(declared).sorted().map {
                "the folder \($0) is no \(kind) of Package.swift"
            }
    }

    /// Calls with a literal as their first argument, each with all of its arguments.
    private static func calls(
        of function: String, in text: String
    ) -> [(name: String, arguments: Substring)] {
        text.ranges(of: function).compactMap { range in
            let isWhole = text[..<range.lowerBound].last.map { !$0.isLetter } ?? true
            let arguments = text[range.upperBound...].prefix(throughClosingOf: 1)
            guard isWhole, let name = arguments.prefixMatch(of: /\s*"(\w+)"/)?.1 else { return nil }
            return (String(name), arguments)
        }
    }
}

extension Substring {
    /// The text up to the parenthesis that closes the given number of open ones.
    fileprivate func prefix(throughClosingOf openCount: Int) -> Substring {
        var depth = openCount
        return prefix { letter in
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            return depth > 0
        }
    }
}
