import HTTPTypes
import Testing
import Web

@Suite struct `Agreeing on a type` {
    private func send(_ path: String, accept: [String]) async throws -> DeskAnswer {
        var headers = HTTPFields()
        headers[values: .accept] = accept
        return try await Desk().send(.get, path, headers: headers)
    }

    @Test(
        arguments: [
            [], [""], ["*/*"], ["application/*"], ["application/json"], ["Application/JSON"],
            ["application/problem+json"], ["application/json;q=0.1"], ["text/html, */*;q=0.8"],
            ["text/html", "application/json"], ["application/json; charset=utf-8; q=1.0"],
            ["application/json;q=high"], ["application/json;q=0, */*"],
        ] as [[String]])
    func `B113: answers whoever takes JSON`(accept: [String]) async throws {
        #expect(try await send("/api/desk", accept: accept).status == .ok)
    }

    @Test(
        arguments: [
            ["text/html"], ["application/xml, text/*"], ["application/json;q=0"],
            ["application/json; q=0.000"], ["*/*;q=0"], ["application/json5"], ["json"],
            ["application/json;charset=utf-8;q=0", "text/html"],
        ] as [[String]])
    func `B113: answers 406 to whoever does not`(accept: [String]) async throws {
        let answer = try await send("/api/desk", accept: accept)
        #expect(answer.status == .notAcceptable)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(try answer.read(ProblemSeen.self).code == "request.not_acceptable")
    }

    @Test func `asks nobody outside the API`() async throws {
        #expect(try await send("/desk", accept: ["text/html"]).status == .ok)
    }
}
