import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Sparing what a client has seen` {
    private static func request(
        _ fields: [String], _ method: HTTPRequest.Method = .get
    ) -> WebRequest {
        var headers = HTTPFields()
        headers[values: .ifNoneMatch] = fields
        return WebRequest.sample(method, headers: headers)
    }

    private static func answer(to request: WebRequest) throws -> WebResponse {
        try .json(["a": 1], version: 7, unlessSeenBy: request)
    }

    @Test(arguments: [
        [#""v7""#], [#"W/"v7""#], ["*"], [" * "], [#""v6", "v7""#], [#""a,b" , W/"v7""#],
        [#""v6""#, #""v7""#],
    ])
    func `answers 304 with the tag and nothing else`(fields: [String]) throws {
        let answer = try Self.answer(to: Self.request(fields))
        #expect(answer.status == .notModified)
        #expect(answer.body.isEmpty)
        #expect(answer.headers == [.eTag: #""v7""#, .cacheControl: "no-cache"])
    }

    @Test(arguments: [
        [], [""], ["v7"], [#""v8""#], [#"w/"v7""#], [#""v7"#], [#""v7" "v6""#], [#""v7","#],
        [#""W/v7""#], [#"*, "v7""#],
    ])
    func `answers in full to whom has another, or says what is no list of tags`(
        fields: [String]
    ) throws {
        let answer = try Self.answer(to: Self.request(fields))
        #expect(answer.status == .ok)
        #expect(!answer.body.isEmpty)
        #expect(
            answer.headers == [
                .eTag: #""v7""#, .cacheControl: "no-cache", .contentType: "application/json",
            ])
    }

    @Test func `spares HEAD what it spares GET, and nothing that changes things`() throws {
        #expect(try Self.answer(to: Self.request(["*"], .head)).status == .notModified)
        #expect(try Self.answer(to: Self.request(["*"], .post)).status == .ok)
    }

    @Test func `keeps what the handler says of caches`() throws {
        let answer = try WebResponse.json(
            [1], hashedUnlessSeenBy: Self.request([]), headers: [.cacheControl: "max-age=60"])
        #expect(answer.headers[.cacheControl] == "max-age=60")
    }

    @Test func `tells lists apart by their bytes`() throws {
        func answer(_ value: [Int], _ tags: [String]) throws -> WebResponse {
            try .json(value, hashedUnlessSeenBy: Self.request(tags))
        }
        let first = try answer([1, 2], [])
        let tag = try #require(first.headers[.eTag])
        #expect(tag.wholeMatch(of: #/"[A-Za-z0-9_-]{22}"/#) != nil)
        #expect(try answer([1, 2], []).headers[.eTag] == tag)
        #expect(try answer([2, 1], []).headers[.eTag] != tag)
        #expect(try answer([1, 2], [tag]).status == .notModified)
        #expect(try answer([2, 1], [tag]).status == .ok)
    }

    @Test func `sends neither a body nor its type`() async throws {
        let desk = Desk()
        let whole = try await desk.send(.get, "/api/desk/journal")
        #expect(whole.headers[.eTag] == #""v7""#)
        let spared = try await desk.send(
            .get, "/api/desk/journal", headers: [.ifNoneMatch: #""v7""#])
        #expect(spared.status == .notModified)
        #expect(spared.body.isEmpty)
        #expect(spared.headers[.contentType] == nil)
        #expect(spared.headers[.cacheControl] == "no-cache")
    }
}
