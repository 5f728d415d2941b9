import Foundation
import Testing

@Suite struct `Covering behaviours` {
    @Test func `each has a test that bears its number, or a reason`() throws {
        let gaps = try Behaviours.gaps(in: SourceTree.package.get())
        #expect(gaps.isEmpty, "\(gaps.joined(separator: "\n"))")
    }

    @Test func `each has a row that says where it is kept`() throws {
        let slips = try Behaviours.slips(in: SourceTree.package.get())
        #expect(slips.isEmpty, "\(slips.joined(separator: "\n"))")
    }

    /// Two behaviours with a test, one with a reason alone, one with both.
    private let tests = [
        "Tests/UserTests/A.swift": """
        func `B1, S2: says more than one`() {}
        // func `B9: in a comment`() {}
        let text = "func `B8: in a string`() {}"
        func `B4: has a reason, too`() {}
        """
    ]
    private let reasons = """
        | number | tested | instead, and why |
        |---|---|---|
        | 3 | no | Not here. |
        | 4 | in part | Half of it. |

        """

    private func gaps(_ reasons: String, upTo last: Int) throws -> [String] {
        let tree = tests.merging([Behaviours.reasonsPath: reasons]) { $1 }
        return try withPlantedTree(tree) { try Behaviours.gaps(in: $0, 1...last) }
    }

    @Test func `finds no gap where there is none`() throws {
        #expect(try gaps(reasons, upTo: 4) == [])
    }

    @Test func `reports what has neither a test nor a reason`() throws {
        #expect(try gaps(reasons, upTo: 5) == ["5 has neither a test nor a reason"])
        #expect(try gaps("\n", upTo: 4) == ["3 has neither a test nor a reason"])
    }

    @Test func `reports a reason that a test has overtaken, and one that lacks its test`() throws {
        #expect(
            try gaps(reasons + "| 2 | no | Not here. |\n| 5 | in part | Half. |\n", upTo: 5) == [
                "2 has a test, and a reason why it has none",
                "5 is tested in part, it says, and has no test",
            ])
    }

    @Test func `reports numbers that are none`() throws {
        #expect(
            try gaps(reasons + "| 7 | no | Beyond. |\n", upTo: 3) == [
                "4 is no behaviour", "7 is no behaviour",
            ])
    }

    @Test func `reports rows that are missing, or name a file that has it not`() throws {
        let table = """
            | 1 | said | [A](../Tests/UserTests/A.swift) |
            | 2 | said | |
            | 3 | said | decision 25 |
            | 4 | said | [A](../Tests/UserTests/A.swift), [B](../Tests/UserTests/B.swift) |
            """
        let tree = tests.merging([Behaviours.reasonsPath: reasons, Behaviours.tablePath: table]) {
            $1
        }
        #expect(
            try withPlantedTree(tree) { try Behaviours.slips(in: $0, 1...5) } == [
                "2 is tested, and its row names no file",
                "4 is not in Tests/UserTests/B.swift",
                "4 is kept in part, and its row does not say so",
                "5 has no row",
            ])
    }
}

/// The numbered behaviours of accounts: in the names of tests, in the reasons of a decision, and in
/// the table for readers.
enum Behaviours {
    static let all = 1...121
    static let reasonsPath = "docs/decisions/0025-where-the-catalogue-is-answered-otherwise.md"
    static let tablePath = "docs/identity-behaviours.md"

    /// Numbers without a test and a reason, and reasons that are not true.
    static func gaps(in tree: SourceTree, _ numbers: ClosedRange<Int> = all) throws -> [String] {
        let tested = Set(files(in: tree).keys)
        let reasons = try reasons(in: tree)
        let strangers = tested.union(reasons.keys).filter { !numbers.contains($0) }
        return numbers.compactMap { number in
            switch (tested.contains(number), reasons[number]) {
            case (false, nil): "\(number) has neither a test nor a reason"
            case (true, "no"): "\(number) has a test, and a reason why it has none"
            case (false, "in part"): "\(number) is tested in part, it says, and has no test"
            default: nil
            }
        } + strangers.sorted().map { "\($0) is no behaviour" }
    }

    /// Rows of the table that are missing or not true.
    static func slips(in tree: SourceTree, _ numbers: ClosedRange<Int> = all) throws -> [String] {
        let files = files(in: tree)
        let reasons = try reasons(in: tree)
        let rows = try rows(of: tablePath, in: tree)
        return numbers.flatMap { number -> [String] in
            guard let keeper = rows[number]?.last else { return ["\(number) has no row"] }
            let named = keeper.matches(of: /\(\.\.\/([^)]+)\)/).map { String($0.1) }
            let testing = files[number] ?? []
            var slips = named.filter { !testing.contains($0) }.map { "\(number) is not in \($0)" }
            if !testing.isEmpty, named.isEmpty {
                slips.append("\(number) is tested, and its row names no file")
            }
            if let slip = slip(of: keeper, given: reasons[number]) {
                slips.append("\(number) \(slip)")
            }
            return slips
        }
    }

    /// What a row says amiss of the decision.
    private static func slip(of keeper: String, given reason: String?) -> String? {
        let isInPart = keeper.contains("decision 25, in part")
        let isNamed = keeper.contains("decision 25") && !isInPart
        return switch reason {
        case nil: isInPart || isNamed ? "names a reason that it has not" : nil
        case "in part": isInPart ? nil : "is kept in part, and its row does not say so"
        default: isNamed ? nil : "is not kept, and its row does not say so"
        }
    }

    /// The files whose tests bear a number: ``func `B73: …` ``, ``func `B1, S2: …` ``. Here are
    /// none, though strings look like some.
    private static func files(in tree: SourceTree) -> [Int: Set<String>] {
        var files: [Int: Set<String>] = [:]
        for file in tree.files where file.isTest && !file.isBelow("Tests/ArchitectureTests") {
            for line in file.lines where line.contains("func `") {
                let name = /\s*(?:@Test(?:\(.*\))? )?func `([BS]\d+(?:, [BS]\d+)*):/
                guard let numbers = line.prefixMatch(of: name)?.1 else { continue }
                for number in numbers.matches(of: /\d+/).compactMap({ Int($0.output) }) {
                    files[number, default: []].insert(file.path)
                }
            }
        }
        return files
    }

    /// What the decision says of a number: that `no` test has it, or that it is kept `in part`.
    private static func reasons(in tree: SourceTree) throws -> [Int: String] {
        try rows(of: reasonsPath, in: tree).mapValues { $0.first ?? "" }
    }

    /// The rows of a file's tables that begin with a number, without that.
    private static func rows(of path: String, in tree: SourceTree) throws -> [Int: [String]] {
        let url = tree.root.appending(path: path)
        let text = try String(contentsOf: url, encoding: .utf8)
        var rows: [Int: [String]] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.dropFirst().split(separator: "|", omittingEmptySubsequences: false)
                .dropLast().map { $0.trimmingCharacters(in: .whitespaces) }
            guard let number = cells.first.flatMap({ Int($0) }) else { continue }
            rows[number] = Array(cells.dropFirst())
        }
        return rows
    }
}
