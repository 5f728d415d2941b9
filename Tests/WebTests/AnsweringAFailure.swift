import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Answering a failure` {
    @Test(arguments: [
        (PlannedFailure.problem, 400, "request.malformed", "Bad Request", "the desk is askew"),
        (.refusal, 409, "desk.full", "Conflict", "there is no room on the desk"),
    ])
    func `B112: tells what a caller can act on`(
        kind: PlannedFailure, status: Int, code: String, title: String, detail: String
    ) async throws {
        let desk = Desk()
        let path = "/desk/failures/\(kind.rawValue)"
        let answer = try await desk.send(.get, path, headers: [.requestID: "r-1"])
        #expect(answer.status.code == status)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(
            try answer.read()
                == ProblemSeen(
                    type: "urn:flotilla:problem:\(code)", title: title, status: status,
                    detail: detail, instance: path, code: code, requestId: "r-1", errors: nil))
    }

    @Test func `B112: has members of its own, in no other's place`() async throws {
        let answer = try await Desk().send(.get, "/desk/failures/extended")
        guard case .object(let members) = try JSONValue(parsing: answer.body) else {
            Issue.record("no object")
            return
        }
        #expect(members["drawerId"] == .string("7"))
        #expect(members["code"] == .string("desk.askew"))
        #expect(members["status"] == .integer(409))
    }

    @Test(arguments: [PlannedFailure.bug, .statement])
    func `B112: says nothing about a fault of ours`(kind: PlannedFailure) async throws {
        let desk = Desk()
        let answer = try await desk.send(.get, "/desk/failures/\(kind.rawValue)")
        #expect(answer.status == .internalServerError)
        #expect(try answer.read(ProblemSeen.self).code == "internal.error")
        for secret in ["SELECT", "drawer", "10.0.0.7", "Bug", "StorageError"] {
            #expect(!answer.text.contains(secret))
        }
    }

    @Test(arguments: [PlannedFailure.busy, .full, .unavailable, .overloaded])
    func `B121: asks for patience when the storage is away`(kind: PlannedFailure) async throws {
        let desk = Desk()
        let answer = try await desk.send(.get, "/desk/failures/\(kind.rawValue)")
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.headers[.retryAfter] == "1")
        #expect(try answer.read(ProblemSeen.self).code == "service.unavailable")
        #expect(!answer.text.contains("SELECT"))
    }

    @Test(arguments: ["/", "/nothing", "/desk/nothing", "/desk/drawer/more", "/desk/%2e%2e"])
    func `finds nothing where nothing is`(path: String) async throws {
        let desk = Desk()
        let answer = try await desk.send(.get, path)
        #expect(answer.status == .notFound)
        #expect(try answer.read(ProblemSeen.self).code == "resource.not_found")
    }

    @Test func `finds nothing under an id that is none`() async throws {
        let desk = Desk()
        let answer = try await desk.send(.delete, "/desk/forms/7")
        #expect(answer.status == .notFound)
    }

    @Test(arguments: [
        (HTTPRequest.Method.post, "/desk", "GET, HEAD"),
        (.options, "/desk", "GET, HEAD"),
        (.get, "/desk/forms", "POST"),
        (.head, "/desk/forms", "POST"),
        (.put, "/desk/forms/01970000-0000-7000-8000-000000000001", "DELETE"),
        (.patch, "/desk/scales", "POST"),
    ])
    func `B113: names the methods that a resource answers to`(
        method: HTTPRequest.Method, path: String, allow: String
    ) async throws {
        let desk = Desk()
        let answer = try await desk.send(method, path)
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.headers[.allow] == allow)
    }

    @Test(arguments: ["/nothing", "/desk/forms", "/desk/drawer", "/desk/failures/bug"])
    func `sends no body after HEAD, where a client would take it for the next answer`(
        path: String
    ) async throws {
        let answer = try await Desk().send(.head, path)
        #expect(answer.status.code >= 400)
        #expect(answer.body.isEmpty)
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test func `answers HEAD like GET, without the body`() async throws {
        let desk = Desk()
        let get = try await desk.send(.get, "/desk")
        let head = try await desk.send(.head, "/desk")
        #expect(head.status == .ok)
        #expect(head.headers[.contentType] == get.headers[.contentType])
        #expect(!get.body.isEmpty)
        #expect(head.body.isEmpty)
    }
}

@Suite struct `Reading a body` {
    private static let byteCountMax = 1_024 * 1_024

    @Test func `takes the largest that is allowed`() async throws {
        let desk = Desk()
        let text = String(repeating: "x", count: Self.byteCountMax)
        let answer = try await desk.send(.post, "/desk/scales", json: text)
        #expect(answer.status == .ok)
        #expect(try answer.read([String: Int].self) == ["byteCount": Self.byteCountMax])
    }

    @Test func `B113: refuses one byte more`() async throws {
        let desk = Desk()
        let text = String(repeating: "x", count: Self.byteCountMax + 1)
        let answer = try await desk.send(.post, "/desk/scales", json: text)
        #expect(answer.status == .contentTooLarge)
        #expect(try answer.read(ProblemSeen.self).code == "request.too_large")
    }

    @Test(arguments: [(16, 200), (17, 413)])
    func `B113: takes less where a route says so`(byteCount: Int, status: Int) async throws {
        let text = String(repeating: "x", count: byteCount)
        let answer = try await Desk().send(.post, "/desk/cards", json: text)
        #expect(answer.status.code == status)
    }

    @Test func `B113: takes no more than the server, whatever a route says`() async throws {
        var settings = WebServer.Settings()
        settings.bodyByteCountMax = 8
        let answer = try await Desk().send(
            .post, "/desk/cards", json: "123456789", settings: settings)
        #expect(answer.status == .contentTooLarge)
    }

    @Test(arguments: [
        nil, "", "text/plain", "application/x-www-form-urlencoded", "application/json5",
        "application/problem+json", "text/json", "json",
    ])
    func `B113: refuses what is not declared as JSON`(contentType: String?) throws {
        let request = WebRequest.sample(contentType: contentType, body: Data("{}".utf8))
        let problem = #expect(throws: Problem.self) { try request.decode { _ in } }
        #expect(problem?.status == .unsupportedMediaType)
        #expect(problem?.code == "request.unsupported_media_type")
    }

    @Test(arguments: [
        "application/json", "application/json; charset=utf-8", "Application/JSON",
        "application/json ;charset=UTF-8",
    ])
    func `reads every spelling of JSON's media type`(contentType: String) throws {
        let request = WebRequest.sample(contentType: contentType, body: Data("{}".utf8))
        try request.decode { _ in }
    }

    @Test(arguments: [
        "", " ", "{", "}", "{}x", "{}{}", "{\"a\":}", "{'a':1}", "{a:1}", "nul", "[]", "\"x\"",
        "1", "true", "null", "{\"a\":01}", "{\"a\":\"\\x\"}", "{\"a\":\"\u{0001}\"}",
    ])
    func `refuses what is no JSON object`(body: String) {
        let problem = #expect(throws: Problem.self) { try decode(body) { _ in } }
        #expect(problem?.status == .badRequest)
        #expect(problem?.code == "request.malformed_json")
    }

    @Test func `refuses bytes that are no UTF-8`() {
        let body = Data("{\"name\":\"".utf8) + [0xC3, 0x28] + Data("\"}".utf8)
        let problem = #expect(throws: Problem.self) {
            try WebRequest.sample(body: body).decode { $0.string("name", length: 0...9) }
        }
        #expect(problem?.status == .badRequest)
    }

    @Test func `refuses nesting that would exhaust the stack`() async {
        await #expect(processExitsWith: .success) {
            for levelCount in [600, 10_000, 100_000] {
                for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
                    let nested =
                        String(repeating: open, count: levelCount) + "1"
                        + String(repeating: close, count: levelCount)
                    let problem = #expect(throws: Problem.self) {
                        try decode(#"{"a":\#(nested)}"#) { _ in }
                    }
                    #expect(problem?.status == .badRequest)
                }
            }
        }
    }

    /// The body itself is the first level of 32.
    @Test(arguments: [(31, 422), (32, 400), (500, 400)])
    func `takes 32 levels`(levelCount: Int, status: Int) {
        let nested =
            String(repeating: "[", count: levelCount) + String(repeating: "]", count: levelCount)
        let problem = #expect(throws: Problem.self) {
            try decode(#"{"a":\#(nested)}"#) { _ in }
        }
        #expect(problem?.status.code == status)
    }
}
