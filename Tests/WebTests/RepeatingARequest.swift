import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@Suite(.serialized) struct `Repeating a request` {
    private let caller = TestCaller()

    private func write(
        _ text: String, key: String?, to harness: ModuleHarness<DeskModule>,
        _ method: HTTPRequest.Method = .post, as other: TestCaller? = nil
    ) async throws -> TestAnswer {
        var headers = HTTPFields()
        headers[.idempotencyKey] = key
        return try await harness.send(
            method, "/desk/notes", as: other ?? caller, headers: headers,
            json: #"{"text":"\#(text)"}"#)
    }

    @Test func `gives the first answer again and does nothing`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let first = try await write("a", key: "k", to: harness)
        let second = try await write("a", key: "k", to: harness)
        #expect(first.status == .created)
        #expect(first.headers[.idempotentReplayed] == nil)
        #expect(second.status == .created)
        #expect(second.headers[.idempotentReplayed] == "true")
        #expect(second.body == first.body)
        #expect(second.headers[.location] == first.headers[.location])
        #expect(second.headers[.contentType] == first.headers[.contentType])
        #expect(try await harness.noteTexts() == ["a"])
    }

    @Test(arguments: [HTTPRequest.Method.get, .head])
    func `B120: has no effect when it only reads`(method: HTTPRequest.Method) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let answer = try await write("a", key: nil, to: harness, method)
        #expect(answer.status == .methodNotAllowed)
        #expect(try await harness.noteTexts().isEmpty)
    }

    @Test func `has its effect again without a key`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        for _ in 1...2 {
            #expect(try await write("a", key: nil, to: harness).status == .created)
        }
        #expect(try await harness.noteTexts() == ["a", "a"])
    }

    @Test func `is refused with another body`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        _ = try await write("a", key: "k", to: harness)
        let answer = try await write("b", key: "k", to: harness)
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).code == "idempotency.key_reused")
        #expect(try await harness.noteTexts() == ["a"])
    }

    @Test func `is a first one after a failure`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        #expect(try await write("refused", key: "k", to: harness).status == .conflict)
        let answer = try await write("a", key: "k", to: harness)
        #expect(answer.status == .created)
        #expect(answer.headers[.idempotentReplayed] == nil)
        #expect(try await harness.noteTexts() == ["a"])
    }

    @Test func `is a first one for another caller`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        _ = try await write("a", key: "k", to: harness)
        let answer = try await write("b", key: "k", to: harness, as: TestCaller())
        #expect(answer.status == .created)
        #expect(try await harness.noteTexts() == ["a", "b"])
    }

    @Test func `is a first one on another route`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        _ = try await write("a", key: "k", to: harness)
        let answer = try await write("b", key: "k", to: harness, .put)
        #expect(answer.status == .created)
        #expect(try await harness.noteTexts() == ["a", "b"])
    }

    @Test(arguments: [(Duration.seconds(24 * 3_600), 1), (.seconds(24 * 3_600 + 1), 2)])
    func `is forgotten after a day`(age: Duration, noteCount: Int) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        _ = try await write("a", key: "k", to: harness)
        harness.time.advance(by: age)
        #expect(try await write("a", key: "k", to: harness).status == .created)
        #expect(try await harness.noteTexts().count == noteCount)
    }

    @Test func `is forgotten after a day, however many others are`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        for key in ["k1", "k2", "k3", "k4"] {
            _ = try await write("a", key: key, to: harness)
            harness.time.advance(by: .seconds(1))
        }
        harness.time.advance(by: .seconds(24 * 3_600))
        let answer = try await write("b", key: "k4", to: harness)
        #expect(answer.status == .created)
        #expect(answer.headers[.idempotentReplayed] == nil)
        #expect(try await harness.noteTexts() == ["a", "a", "a", "a", "b"])
    }

    @Test(arguments: ["", "a b", String(repeating: "x", count: 256), "\u{7F}"])
    func `needs a key of visible characters`(key: String) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let answer = try await write("a", key: key, to: harness)
        #expect(answer.status == .badRequest)
        #expect(try await harness.noteTexts().isEmpty)
    }

    @Test(arguments: ["!", "~", String(repeating: "x", count: 255), "'; DROP TABLE notes; --"])
    func `takes any key of visible characters`(key: String) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let visible = key.filter { $0 != " " }
        for _ in 1...2 {
            #expect(try await write("a", key: visible, to: harness).status == .created)
        }
        #expect(try await harness.noteTexts() == ["a"])
    }
}
