import Foundation
import Testing

/// A habit that a look at one file can check.
struct TidyRule: Sendable, CustomTestStringConvertible {
    let name: String
    /// Which files it is about.
    let concerns: @Sendable (SourceFile) -> Bool
    /// The lines that break it, with the reason; line 0 stands for the whole file.
    let violations: @Sendable (SourceFile) -> [(line: Int, reason: String)]

    var testDescription: String { name }

    /// Every violation in a tree, as `path:line: why`.
    func violations(in tree: SourceTree) -> [String] {
        tree.files.filter(concerns).flatMap { file in
            violations(file).map { "\(file.path):\($0.line): \($0.reason)" }
        }
    }
}

extension TidyRule {
    static let all = [
        fileLength, lineLength, noReminders, noCrashes, provenUnsafety, structuredConcurrency,
        noReexports,
    ]

    static let fileLength = TidyRule(name: "a file is short") { _ in
        true
    } violations: { file in
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        if count > 500 { return [(0, "\(count) lines; 500 is the end")] }
        let hasReason = file.lines.prefix(10).contains { $0.hasPrefix("// Length: ") }
        guard count > 300, !hasReason else { return [] }
        return [(0, "\(count) lines; over 300 says why in a comment \"// Length: …\" on top")]
    }

    static let lineLength = TidyRule(name: "a line is short") { _ in
        true
    } violations: { file in
        numbered(file.lines) { $0.count > 100 ? "\($0.count) columns; 100 is the end" : nil }
    }

    /// Work that is left over belongs to the issues, where somebody sees it.
    static let noReminders = TidyRule(name: "no reminders are left in the code") { _ in
        true
    } violations: { file in
        // Written in halves, for this file is checked, too.
        let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
        return numbered(file.lines) { line in
            let found = words.first { word in
                line.ranges(of: word).contains { isWord($0, in: line) }
            }
            return found.map { "\($0) belongs to the issues" }
        }
    }

    static let noCrashes = TidyRule(name: "nothing is forced outside tests") { file in
        !file.isTest
    } violations: { file in
        numbered(file.codeLines) { line in
            // Regular expressions are slow without optimization; most lines need none.
            guard line.utf8.contains(UInt8(ascii: "!")) else { return nil }
            if line.contains(/\b(try|as)!/) { return "try! and as! end the process" }
            return line.contains(/[\w\)\]]!(?![=\w])/) ? "a forced value ends the process" : nil
        }
    }

    static let provenUnsafety = TidyRule(name: "what the compiler cannot check is proven") { _ in
        true
    } violations: { file in
        let lines = file.lines
        return numbered(file.codeLines) { index, line in
            let isUnsafe =
                line.contains("@unchecked") || line.contains("nonisolated(unsafe)")
            guard isUnsafe else { return nil }
            // Attributes may stand between the comment and the declaration.
            let above = lines[..<index].last { !$0.trimmed.hasPrefix("@") }
            guard above?.trimmed.hasPrefix("//") != true else { return nil }
            return "the line above must say why this is safe"
        }
    }

    static let structuredConcurrency = TidyRule(name: "modules own no threads or clocks") { file in
        file.module != nil
    } violations: { file in
        numbered(file.codeLines) { line in
            if line.contains("Task"), line.contains(/\bTask\s*(<[^{]*>)?\s*(\([^{]*\))?\s*\{/) {
                return "an unstructured task; run it as a service"
            }
            let banned = ["Task.detached", "DispatchQueue", "Thread.sleep", "Task.sleep"]
            return banned.first { line.contains($0) }.map { "\($0) in a module" }
        }
    }

    static let noReexports = TidyRule(name: "no import is passed on") { _ in
        true
    } violations: { file in
        file.imports.filter { $0.attributes.contains("@_exported") }
            .map { ($0.line, "@_exported hides who depends on \($0.module)") }
    }

    private static func numbered(
        _ lines: [Substring], _ reason: (Substring) -> String?
    ) -> [(line: Int, reason: String)] {
        numbered(lines) { _, line in reason(line) }
    }

    private static func numbered(
        _ lines: [Substring], _ reason: (Int, Substring) -> String?
    ) -> [(line: Int, reason: String)] {
        lines.enumerated().compactMap { index, line in
            reason(index, line).map { (index + 1, $0) }
        }
    }

    private static func isWord(_ range: Range<Substring.Index>, in line: Substring) -> Bool {
        let before = line[..<range.lowerBound].last
        let after = line[range.upperBound...].first
        return ![before, after].contains { $0.map { $0.isLetter || $0.isNumber } ?? false }
    }
}

extension Substring {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
