import Testing

@Suite struct `Reading Swift source` {
    @Test(arguments: [
        ("import A", ["A"]),
        ("  import   A  ", ["A"]),
        ("@testable import A", ["A"]),
        ("@testable public import A", ["A"]),
        ("@_exported import A", ["A"]),
        ("@preconcurrency internal import A", ["A"]),
        ("@_spi(Some) import A", ["A"]),
        ("public import A", ["A"]),
        ("package import A\nfileprivate import B", ["A", "B"]),
        ("import struct A.B", ["A"]),
        ("import func A.b", ["A"]),
        ("import A.B.C", ["A"]),
        ("import `A`", ["A"]),
        ("import A; import B", ["A", "B"]),
        ("import A // import B", ["A"]),
        ("/* import A */ import B", ["B"]),
        ("/* /* import A */ import B */ import C", ["C"]),
        ("/*\nimport A\n*/\nimport B", ["B"]),
        ("// import A", []),
        ("let text = \"import A\"", []),
        ("let text = \"\"\"\nimport A\n\"\"\"", []),
        ("let text = #\"\nimport A", ["A"]),
        ("#if canImport(A)\nimport A\n#endif", ["A"]),
        ("important()", []),
        ("let x = y.import", []),
        ("let url = \"http://a\"\nimport A", ["A"]),
        ("let quote = \"\\\"\"; import A", ["A"]),
    ])
    func `sees every spelling of an import`(source: String, modules: [String]) {
        #expect(Import.all(in: SwiftCode.code(of: source)).map(\.module) == modules)
    }

    @Test func `knows the line and the attributes of an import`() {
        let found = Import.all(in: "\n\n@testable @_exported import A")
        #expect(found.first?.line == 3)
        #expect(found.first?.attributes == ["@testable", "@_exported"])
    }

    @Test(arguments: [
        ("a // b", "a     "),
        ("a /* b */ c", "a         c"),
        ("f(\"x\")", "f(   )"),
        ("\"\\(try! x)\"", "   try! x  "),
        ("\"\\(f(\"a\")) b\" + c", "   f(   )     + c"),
        ("#\"a\"b\"# c", "        c"),
        ("`a \"b\" // c` d", "`a \"b\" // c` d"),
        ("\"open\nx", "     \nx"),
    ])
    func `blanks what is no code`(source: String, code: String) {
        #expect(SwiftCode.code(of: source) == code)
    }
}
