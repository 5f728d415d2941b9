import Events
import HTTPTypes
import Testing
import Web

@Suite struct `Reading text` {
    @Test(arguments: [
        ("ab", "ab"), ("abcde", "abcde"), ("né", "né"), ("ne\u{301}e\u{301}", "ne\u{301}e\u{301}"),
        ("日本語", "日本語"), ("👍🏽👍🏽", "👍🏽👍🏽"), ("  ", "  "), ("\u{200F}ab", "\u{200F}ab"),
        ("a\u{0300}\u{0301}b", "a\u{0300}\u{0301}b"),
    ])
    func `takes two to five characters`(text: String, expected: String) throws {
        let read = try decode(#"{"name":"\#(text)"}"#) { $0.string("name", length: 2...5) }
        #expect(Array(read.utf8) == Array(expected.utf8))
    }

    @Test(arguments: [
        (#"{"name":""}"#, "must have 2 to 5 characters"),
        (#"{"name":"a"}"#, "must have 2 to 5 characters"),
        (#"{"name":"abcdef"}"#, "must have 2 to 5 characters"),
        // One character of 21 bytes: marks can't make a short text long.
        (
            #"{"name":"b\#(String(repeating: "a\u{301}\u{301}\u{301}\u{301}", count: 3))"}"#,
            "must have 2 to 5 characters"
        ),
        (#"{}"#, "this field is required"),
        (#"{"name":null}"#, "this field is required"),
        (#"{"name":7}"#, "must be a string, not a number"),
        (#"{"name":7.5}"#, "must be a string, not a number"),
        (#"{"name":true}"#, "must be a string, not a boolean"),
        (#"{"name":["ab"]}"#, "must be a string, not an array"),
        (#"{"name":{"ab":1}}"#, "must be a string, not an object"),
    ])
    func `refuses what is not such a text`(body: String, detail: String) throws {
        let found = try complaints(about: body) { $0.string("name", length: 2...5) }
        #expect(found == ["/name: \(detail)"])
    }

    @Test(arguments: [
        "\\u0000", "\\n", "\\r", "\\t", "\\u001b", "\\u007f", "\\u0085", "\\u009f", "\\u202a",
        "\\u202e", "\\u2066", "\\u2069",
    ])
    func `refuses what breaks or reorders a line`(escape: String) throws {
        let body = #"{"name":"a\#(escape)b"}"#
        let expected = ["/name: must not have control characters"]
        #expect(try complaints(about: body) { $0.string("name", length: 1...9) } == expected)
        #expect(
            try complaints(about: body) { $0.optionalString("name", length: 1...9) } == expected)
    }

    @Test(arguments: [#"{}"#, #"{"name":null}"#])
    func `may go without an optional one`(body: String) throws {
        #expect(try decode(body) { $0.optionalString("name", length: 1...9) } == nil)
    }

    @Test func `takes half a surrogate pair for no text`() {
        #expect(throws: Problem.self) {
            try decode(#"{"name":"\ud800"}"#) { $0.string("name", length: 0...9) }
        }
    }

    @Test func `keeps a secret as it is, NUL and line breaks too`() throws {
        let read = try decode(#"{"key":"a\u0000b\n\u202e"}"#) { $0.secret("key", length: 5...5) }
        #expect(read == "a\u{0}b\n\u{202E}")
    }

    @Test(arguments: [
        (#"{"key":"e\#("\u{301}\u{301}\u{301}")"}"#, "must have 1 to 3 characters"),
        (#"{"key":""}"#, "must have 1 to 3 characters"),
        (#"{"key":1}"#, "must be a string, not a number"),
        (#"{}"#, "this field is required"),
    ])
    func `measures a secret in scalars`(body: String, detail: String) throws {
        let found = try complaints(about: body) { $0.secret("key", length: 1...3) }
        #expect(found == ["/key: \(detail)"])
    }
}

@Suite struct `Reading numbers` {
    @Test(arguments: [("1", 1), ("999", 999), ("-0", 0), ("-5", -5)])
    func `takes whole ones within the range`(text: String, expected: Int) throws {
        #expect(try decode(#"{"n":\#(text)}"#) { $0.int("n", in: -5...999) } == expected)
    }

    @Test(arguments: [
        ("0", "must be from 1 to 999"), ("1000", "must be from 1 to 999"),
        ("-1", "must be from 1 to 999"),
        ("9223372036854775807", "must be from 1 to 999"),
        ("-9223372036854775808", nil),
        ("9223372036854775808", "must be from 1 to 999"),
        ("123456789012345678901234567890", "must be from 1 to 999"),
        ("1.5", "must be a whole number"),
        ("0.1e1234567", nil), ("\"1\"", "must be a whole number, not a string"),
        ("true", "must be a whole number, not a boolean"),
        ("[1]", "must be a whole number, not an array"), ("null", "this field is required"),
    ])
    func `refuses everything else`(text: String, detail: String?) throws {
        let body = #"{"n":\#(text)}"#
        if let detail {
            let found = try complaints(about: body) { $0.int("n", in: 1...999) }
            #expect(found == ["/n: \(detail)"])
        } else {
            let problem = #expect(throws: Problem.self) {
                try decode(body) { $0.int("n", in: 1...999) }
            }
            #expect(problem?.status.kind == .clientError)
        }
    }
}

@Suite struct `Reading ids` {
    @Test(arguments: [
        "01970000-0000-7000-8000-00000000abcd", "01970000-0000-7000-8000-00000000ABCD",
    ])
    func `takes either case`(text: String) throws {
        let id = try decode(#"{"id":"\#(text)"}"#) { $0.id("id", as: OrderID.self) }
        #expect(id?.description == "01970000-0000-7000-8000-00000000abcd")
    }

    @Test(arguments: [
        "\"\"", "\"1\"", "7", "null", "\"01970000-0000-7000-8000-00000000abc\"",
        "\"01970000-0000-7000-8000-00000000abcde\"", "\"{01970000-0000-7000-8000-00000000abcd}\"",
        "\"0197000000007000800000000000abcd0000\"", "\"01970000-0000-7000-8000-00000000abcg\"",
    ])
    func `refuses everything else`(json: String) throws {
        let found = try complaints(about: #"{"id":\#(json)}"#) { $0.id("id", as: OrderID.self) }
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/id: ") == true)
    }
}
