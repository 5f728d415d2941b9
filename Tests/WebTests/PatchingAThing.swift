import Foundation
import HTTPTypes
import Testing
import Web

/// Merge patches: RFC 7396.
@Suite struct `Patching a thing` {
    private struct Written: Decodable {
        let text: String?
    }

    @Test(
        arguments: [(#"{}"#, "kept"), (#"{"text":null}"#, nil), (#"{"text":"new"}"#, "new")]
            as [(String, String?)])
    func `keeps what is absent and takes away what is null`(
        body: String, text: String?
    ) async throws {
        let answer = try await Desk().send(.patch, "/api/desk/ledger", json: body)
        #expect(answer.status == .ok)
        #expect(try answer.read(Written.self).text == text)
    }

    @Test func `refuses a field that nobody asked for`() async throws {
        let answer = try await Desk().send(.patch, "/api/desk/ledger", json: #"{"texts":null}"#)
        #expect(answer.status == .unprocessableContent)
    }

    @Test(arguments: [
        "application/merge-patch+json", "application/json",
        "Application/Merge-Patch+JSON; charset=utf-8",
    ])
    func `reads a merge patch by its own name, too`(contentType: String) throws {
        try WebRequest.sample(.patch, contentType: contentType, body: Data("{}".utf8))
            .decode { _ in }
    }

    @Test(arguments: [
        nil, "application/json-patch+json", "text/plain", "application/merge-patch",
    ])
    func `B113: refuses other patches, and names those it takes`(contentType: String?) throws {
        let request = WebRequest.sample(
            .patch, contentType: contentType, body: Data("{}".utf8))
        let problem = #expect(throws: Problem.self) { try request.decode { _ in } }
        #expect(problem?.status == .unsupportedMediaType)
        let name = try #require(HTTPField.Name("Accept-Patch"))
        #expect(problem?.headers[name] == "application/json, application/merge-patch+json")
    }

    @Test(arguments: [HTTPRequest.Method.post, .put])
    func `B113: takes a merge patch for nothing but a patch`(method: HTTPRequest.Method) {
        let request = WebRequest.sample(
            method, contentType: "application/merge-patch+json", body: Data("{}".utf8))
        let problem = #expect(throws: Problem.self) { try request.decode { _ in } }
        #expect(problem?.status == .unsupportedMediaType)
    }
}
