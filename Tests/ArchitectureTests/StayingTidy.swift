import Testing

@Suite struct `Staying tidy` {
    @Test(arguments: TidyRule.all)
    func `holds in the whole package`(rule: TidyRule) throws {
        let violations = rule.violations(in: try SourceTree.package.get())
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
    }

    @Test(arguments: [
        (TidyRule.fileLength, String(repeating: "\n", count: 301), 0),
        (.fileLength, "// Length: a table.\n" + String(repeating: "\n", count: 500), 0),
        (.lineLength, "\n// " + String(repeating: "x", count: 98), 2),
        (.noReminders, "let a = 1\n// TO" + "DO: more", 2),
        (.noReminders, "/* FIX" + "ME */", 1),
        (.noReminders, "let X" + "XX = 1", 1),
        (.noCrashes, "let a = try! f()", 1),
        (.noCrashes, "\nlet a = b as! C", 2),
        (.noCrashes, "let a = b!.c", 1),
        (.noCrashes, "let a = b[0]!", 1),
        (.noCrashes, "let a = \"\\(b!)\"", 1),
        (.provenUnsafety, "\nfinal class A: @unchecked Sendable {}", 2),
        (.provenUnsafety, "// Why.\n\nnonisolated(unsafe) var a = 1", 3),
        (.structuredConcurrency, "Task { }", 1),
        (.structuredConcurrency, "Task(priority: .high) { }", 1),
        (.structuredConcurrency, "let a = Task<Void, Never> {", 1),
        (.structuredConcurrency, "Task.detached { }", 1),
        (.structuredConcurrency, "try await Task.sleep(for: .seconds(1))", 1),
        (.structuredConcurrency, "Thread.sleep(forTimeInterval: 1)", 1),
        (.structuredConcurrency, "DispatchQueue.main.async {}", 1),
        (.noReexports, "\n@_exported import Events", 2),
    ])
    func `reports a planted violation`(rule: TidyRule, text: String, line: Int) {
        let file = SourceFile(path: "Modules/Order/A.swift", text: text)
        #expect(rule.concerns(file))
        #expect(rule.violations(file).map(\.line) == [line])
    }

    @Test(arguments: [
        (TidyRule.fileLength, String(repeating: "\n", count: 300)),
        (.fileLength, "// Length: a table.\n" + String(repeating: "\n", count: 499)),
        (.lineLength, String(repeating: "x", count: 100)),
        (.noReminders, "let TO" + "DOS = 1"),
        (.noCrashes, "// try! and as!\nlet a = \"b!\"; if a != b, !c, a!=b {}\n#if !os(Linux)"),
        (.provenUnsafety, "// The lock guards it.\n@frozen\nclass A: @unchecked Sendable {}"),
        (.provenUnsafety, "// nonisolated(unsafe)\n"),
        (.structuredConcurrency, "group.addTask { }\nTask.isCancelled\nlet t = MyTask { }"),
        (.noReexports, "// @_exported import A\npublic import A"),
    ])
    func `lets good code pass`(rule: TidyRule, text: String) {
        let file = SourceFile(path: "Modules/Order/A.swift", text: text)
        #expect(rule.violations(file).isEmpty)
    }

    @Test func `lets tests force values`() {
        let rule = TidyRule.noCrashes
        #expect(!rule.concerns(SourceFile(path: "Tests/OrderTests/A.swift", text: "")))
        #expect(rule.concerns(SourceFile(path: "App/A.swift", text: "")))
    }

    @Test func `lets the kernel make tasks`() {
        let rule = TidyRule.structuredConcurrency
        #expect(!rule.concerns(SourceFile(path: "Modules/Kernel/EventBus/A.swift", text: "")))
    }
}
