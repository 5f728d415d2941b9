import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Matching versions` {
    private static func condition(_ fields: [String]) throws -> VersionCondition? {
        var headers = HTTPFields()
        headers[values: .ifMatch] = fields
        return try WebRequest.sample(.put, headers: headers).ifMatch()
    }

    @Test(
        arguments: [
            ([#""v7""#], [7]), ([#""v0""#], [0]), ([#"  "v7"  "#], [7]),
            ([#""v7","v8""#], [7, 8]), ([#""v7" , "v8""#, #""v9""#], [7, 8, 9]),
            ([#""v9223372036854775807""#], [.max]),
            // Tags that were never given out, a comma and an asterisk within them.
            ([#""7""#], []), ([#""v07""#], []), ([#""V7""#], []), ([#""""#], []),
            ([#""a,b*""#, #""v8""#], [8]), ([#""v9223372036854775808""#], []),
        ] as [([String], Set<Int64>)])
    func `B102: admits the versions that a client saw, and no other`(
        fields: [String], versions: Set<Int64>
    ) throws {
        let condition = try #require(try Self.condition(fields))
        for version in [0, 1, 7, 8, 9, .max] as [Int64] {
            #expect(condition.admits(version) == versions.contains(version))
        }
    }

    @Test(arguments: [[], ["*"], [" * "]])
    func `B102: asks for none when the client does not`(fields: [String]) throws {
        #expect(try Self.condition(fields) == nil)
    }

    @Test(arguments: [
        "", " ", "v7", "7", #"W/"v7""#, #""v7"#, #"v7""#, #""v7" "v8""#, #""v7","#, #","v7""#,
        #""v7",,"v8""#, #""v7", *"#, #"*, "v7""#, "*,*", #""v 7""#, #""v7"x"#, #""v7", W/"v8""#,
        "'v7'",
    ])
    func `B102: refuses what is no list of strong tags`(field: String) {
        let problem = #expect(throws: Problem.self) { try Self.condition([field]) }
        #expect(problem?.status == .badRequest)
    }

    @Test(arguments: [(nil, 428), ("v7", 400)] as [(String?, Int)])
    func `asks for one where a client must say it`(field: String?, status: Int) {
        var headers = HTTPFields()
        headers[.ifMatch] = field
        let problem = #expect(throws: Problem.self) {
            try WebRequest.sample(.put, headers: headers).requiredIfMatch()
        }
        #expect(problem?.status.code == status)
        if field == nil { #expect(problem?.code == "request.precondition_required") }
    }

    @Test func `takes an asterisk for any where a client must say it`() throws {
        let any = WebRequest.sample(.put, headers: [.ifMatch: "*"])
        #expect(try any.requiredIfMatch() == nil)
        let seventh = WebRequest.sample(.put, headers: [.ifMatch: #""v7""#])
        #expect(try seventh.requiredIfMatch()?.admits(7) == true)
    }

    @Test(
        arguments: [
            (nil, 200), ("*", 200), (#""v7""#, 200), (#""v6", "v7""#, 200), (#""v8""#, 412),
            (#"W/"v7""#, 400),
        ] as [(String?, Int)])
    func `B102: answers 412 for a change of another version`(
        field: String?, status: Int
    ) async throws {
        var headers = HTTPFields()
        headers[.ifMatch] = field
        let answer = try await Desk().send(.put, "/api/desk/ledger", headers: headers, json: "{}")
        #expect(answer.status.code == status)
        #expect(answer.headers[.eTag] == (status == 200 ? #""v8""# : nil))
        if status == 412 {
            #expect(try answer.read(ProblemSeen.self).code == "request.precondition_failed")
        }
    }
}
