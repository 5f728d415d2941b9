import Foundation
import Testing
import Web

@Suite struct `Parsing JSON that means harm` {
    @Test(.timeLimit(.minutes(4)))
    func `takes a time that grows with the text alone`() throws {
        let leaves = String(repeating: "1,", count: 60_000) + "1"
        let depth = 30
        let text =
            String(repeating: "[", count: depth) + leaves + String(repeating: "]", count: depth)
        _ = try JSONValue(parsing: Data(text.utf8))
    }

    @Test(arguments: [33, 400, 600, 100_000])
    func `refuses depths that no body has`(depth: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let text =
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            #expect(throws: MalformedJSON.self) { try JSONValue(parsing: Data(text.utf8)) }
            #expect(throws: MalformedJSON.self) {
                try JSONValue(parsing: Data(String(repeating: open, count: depth).utf8))
            }
        }
    }

    @Test(arguments: [
        "", "{", "nul", "'a'", "{a:1}", "[1] x", "01", "\u{FEFF}", "NaN",
    ])
    func `refuses what is nearly JSON`(text: String) {
        #expect(throws: MalformedJSON.self) { try JSONValue(parsing: Data(text.utf8)) }
    }

    @Test func `refuses every encoding but UTF-8`() {
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf32] {
            #expect(throws: MalformedJSON.self) {
                try JSONValue(parsing: #"{"a":1}"#.data(using: encoding) ?? Data())
            }
        }
    }

    @Test(arguments: [
        ("true", JSONValue.bool(true)), ("false", .bool(false)), ("0", .integer(0)),
        ("1", .integer(1)), ("-7", .integer(-7)), ("9223372036854775807", .integer(.max)),
        ("1.0", .number(1)), ("0.5", .number(0.5)), ("null", .null), (#""ü\n""#, .string("ü\n")),
        ("[]", .array([])), ("{}", .object([:])),
        (#"{"a":[true,1]}"#, .object(["a": .array([.bool(true), .integer(1)])])),
    ])
    func `tells booleans, integers and fractions apart`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Data(text.utf8)) == value)
    }
}
