import Events
import Foundation
import HTTPTypes
import Storage
import Testing
import Web

@Suite struct `Asking for a page` {
    @Test(arguments: [(nil, 20), ("1", 1), ("20", 20), ("100", 100)])
    func `B119: takes one to a hundred elements, twenty unless told`(
        text: String?, limit: Int
    ) throws {
        let query = text.map { ["limit": $0] } ?? [:]
        #expect(try WebRequest.sample(query: query).page().limit == limit)
    }

    @Test(arguments: [
        "", "0", "101", "-1", "ten", "1.5", " 5", "5 ", "0x5", "+5", "٥", "1e1",
        "99999999999999999999",
    ])
    func `B119: refuses any other limit`(text: String) {
        let problem = #expect(throws: Problem.self) {
            try WebRequest.sample(query: ["limit": text]).page()
        }
        #expect(problem?.status == .badRequest)
    }

    @Test(arguments: [
        "", "x", "!!!!", "bm90aGluZw", token("1"), token("1.x"), token("x.\(someID)"),
        token("1.\(someID).2"), token(".\(someID)"), token("1.5.\(someID)"),
        token("99999999999999999999.\(someID)"), token("1.\(someID)") + "=",
        String(repeating: "A", count: 204),
    ])
    func `B119: refuses a cursor that was not given out`(cursor: String) {
        let problem = #expect(throws: Problem.self) {
            try WebRequest.sample(query: ["cursor": cursor]).page()
        }
        #expect(problem?.status == .badRequest)
    }

    @Test func `starts at the top without a cursor`() throws {
        #expect(try WebRequest.sample().page().after == nil)
    }
}

@Suite struct `Answering a page` {
    private struct PageSeen: Decodable {
        let items: [Int]
        let nextCursor: String?
    }

    private func page(_ rowCount: Int, limit: Int, at time: Date = .now) throws -> Data {
        let request = try WebRequest.sample(query: ["limit": "\(limit)"]).page()
        return try FlotillaJSON.encode(
            Page(Array(0..<rowCount), of: request) { _ in
                PageRequest.Cursor(time: time, id: someID)
            })
    }

    @Test(arguments: [(0, 0, false), (2, 2, false), (3, 3, false), (4, 3, true)])
    func `ends with null, and goes on with a cursor`(
        rowCount: Int, itemCount: Int, hasNext: Bool
    ) throws {
        let data = try page(rowCount, limit: 3)
        let seen = try JSONDecoder().decode(PageSeen.self, from: data)
        #expect(seen.items == Array(0..<itemCount))
        #expect((seen.nextCursor != nil) == hasNext)
        #expect(String(decoding: data, as: UTF8.self).contains(#""nextCursor":"#))
    }

    @Test(
        arguments: [
            0, 1, -1, 999_999, 1_767_268_800_123_456, 1_767_268_800_999_999, 4_102_444_800_000_001,
        ] as [Int64])
    func `B119: gives a cursor that finds its place to the microsecond`(
        microseconds: Int64
    ) throws {
        let data = try page(2, limit: 1, at: Date(microseconds: microseconds))
        let cursor = try #require(
            try JSONDecoder().decode(PageSeen.self, from: data).nextCursor)
        let place = try WebRequest.sample(query: ["cursor": cursor]).page().after
        #expect(place?.id == someID)
        #expect(place?.time.microseconds == microseconds)
        #expect(cursor.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }
}

@Suite struct `Reading the query` {
    @Test func `needs what is required`() throws {
        #expect(try WebRequest.sample(query: ["q": "a"]).requiredQuery("q") == "a")
        for query in [[:], ["q": ""]] {
            let problem = #expect(throws: Problem.self) {
                try WebRequest.sample(query: query).requiredQuery("q")
            }
            #expect(problem?.status == .badRequest)
        }
    }

    @Test(arguments: [
        ("2026-01-01T12:00:00Z", 1_767_268_800.0), ("2026-01-01T12:00:00.5Z", 1_767_268_800.5),
    ])
    func `takes RFC 3339 times`(text: String, seconds: Double) throws {
        let date = try WebRequest.sample(query: ["from": text]).queryDate("from")
        #expect(date == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: ["", "yesterday", "2026-01-01", "1767268800", "2026-13-01T00:00:00Z"])
    func `refuses other times`(text: String) {
        let problem = #expect(throws: Problem.self) {
            try WebRequest.sample(query: ["from": text]).queryDate("from")
        }
        #expect(problem?.status == .badRequest)
    }
}

private let someID = UUID(uuidString: "01970000-0000-7000-8000-000000000001")!

private func token(_ text: String) -> String { Data(text.utf8).base64URLEncoded }
