import Events
import FlotillaTesting
import HTTPTypes
import Testing
import Web

@Suite struct `Reading an object` {
    private struct Line: Equatable {
        let name: String
        let count: Int
    }

    private func lines(_ fields: inout Fields) -> [Line] {
        fields.objects("items", count: 1...3) {
            Line(name: $0.string("name", length: 1...9), count: $0.int("count", in: 1...9))
        }
    }

    @Test func `takes nested objects in their order`() throws {
        let body = #"{"items":[{"name":"a","count":1},{"name":"b","count":2}]}"#
        #expect(
            try decode(body, lines) == [Line(name: "a", count: 1), Line(name: "b", count: 2)])
    }

    @Test func `tells every problem at once, each with its place`() throws {
        let body = #"""
            {"items":[{"name":"","count":0},7,{"count":1,"colour":"red"}],"extra":1,"a/b~c":2}
            """#
        #expect(
            try complaints(about: body, lines) == [
                "/items/0/name: must have 1 to 9 characters",
                "/items/0/count: must be from 1 to 9",
                "/items/1: must be an object, not a number",
                "/items/2/name: this field is required",
                "/items/2/colour: there is no such field",
                "/a~1b~0c: there is no such field",
                "/extra: there is no such field",
            ])
    }

    @Test(arguments: [
        (#"{"items":[]}"#, "must have 1 to 3 elements"),
        (#"{"items":[{},{},{},{}]}"#, "must have 1 to 3 elements"),
        (#"{"items":{}}"#, "must be an array, not an object"),
        (#"{"items":"a"}"#, "must be an array, not a string"),
        (#"{"items":null}"#, "this field is required"),
        (#"{}"#, "this field is required"),
    ])
    func `refuses a list that is none or has the wrong length`(body: String, detail: String) throws
    {
        #expect(try complaints(about: body, lines) == ["/items: \(detail)"])
    }

    @Test(arguments: [("~", "/~0"), ("/", "/~1"), ("~1", "/~01"), ("", "/"), ("é", "/é")])
    func `escapes a name in a pointer`(name: String, pointer: String) throws {
        let found = try complaints(about: #"{"\#(name)":1}"#) { _ in }
        #expect(found == ["\(pointer): there is no such field"])
    }

    @Test func `cuts a name that is too long to repeat`() throws {
        let found = try complaints(about: #"{"\#(String(repeating: "x", count: 5_000))":1}"#) {
            _ in
        }
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.utf8.count < 200 })
    }

    @Test func `reads one value of a name that comes twice`() throws {
        let read = try? decode(#"{"n":1,"n":2}"#) { $0.int("n", in: 1...2) }
        #expect(read == nil || read == 1 || read == 2)
    }

    @Test func `takes a map of texts`() throws {
        let read = try decode(#"{"map":{"a":"1","b":""}}"#) {
            $0.optionalStrings("map", count: 0...2, length: 0...1)
        }
        #expect(read == ["a": "1", "b": ""])
    }

    @Test(arguments: [
        (#"{"map":{"a":"1","b":"2","c":"3"}}"#, "/map: must have 0 to 2 entries"),
        (#"{"map":[]}"#, "/map: must be an object, not an array"),
        (#"{"map":{"a/b":"12"}}"#, "/map/a~1b: must have 0 to 1 characters"),
        (#"{"map":{"a":null}}"#, "/map/a: this field is required"),
        (#"{"map":{"a":1}}"#, "/map/a: must be a string, not a number"),
        (#"{"map":{"":"1"}}"#, "/map: \(badKeys)"),
        (#"{"map":{"a\nb":"1"}}"#, "/map: \(badKeys)"),
        (#"{"map":{"a\u202eb":"1"}}"#, "/map: \(badKeys)"),
        (#"{"map":{"\#(String(repeating: "k", count: 65))":"1"}}"#, "/map: \(badKeys)"),
    ])
    func `refuses what is no such map`(body: String, complaint: String) throws {
        let found = try complaints(about: body) {
            $0.optionalStrings("map", count: 0...2, length: 0...1)
        }
        #expect(found == [complaint])
    }

    @Test func `puts problems of the handler beside its own`() throws {
        let found = try complaints(about: #"{"a":"","b":"x"}"#) { fields in
            _ = fields.string("a", length: 1...2)
            if fields.string("b", length: 1...2) == "x" { fields.reject("b", "must not be x") }
        }
        #expect(found == ["/a: must have 1 to 2 characters", "/b: must not be x"])
    }

    @Test func `tells of the first fifty problems`() throws {
        let names = (0..<60).map { #""n\#($0)":1"# }.joined(separator: ",")
        #expect(try complaints(about: "{\(names)}") { _ in }.count == 50)
    }

    @Test func `B112: answers 422 with the list`() async throws {
        let desk = Desk()
        let answer = try await desk.send(
            .post, "/desk/forms", json: #"{"name":"toolong","age":1}"#)
        #expect(answer.status == .unprocessableContent)
        let problem = try answer.read(ProblemSeen.self)
        #expect(problem.code == "request.invalid")
        #expect(problem.detail == "2 fields are wrong")
        #expect(
            problem.errors == [
                .init(pointer: "/name", detail: "must have 1 to 5 characters"),
                .init(pointer: "/age", detail: "there is no such field"),
            ])
    }
}

private let badKeys = "must have keys of 1 to 64 characters, none of them a control"
