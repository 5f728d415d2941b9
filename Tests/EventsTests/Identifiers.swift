import Events
import Foundation
import Testing

@Suite struct `Making ids` {
    @Test func `gives UUIDv7 of the present millisecond`() {
        let now = Date(timeIntervalSince1970: 4_102_444_800.123)
        let id = UUID.v7(now: now)
        let text = id.uuidString.lowercased()
        #expect(text.hasPrefix("03bb2cc3-d87b-7"))
        #expect("89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
    }

    @Test func `counts up within one process, whatever the clock does`() {
        let ids = (0..<10_000).map { UUID.v7(now: Date(timeIntervalSince1970: Double($0 % 3))) }
        #expect(ids.map(\.uuidString) == ids.map(\.uuidString).sorted())
        #expect(Set(ids).count == ids.count)
    }

    @Test func `reads its own text in either case, and nothing else`() {
        let id = UserID()
        #expect(UserID(id.description) == id)
        #expect(UserID(id.description.uppercased()) == id)
        #expect(id.description == id.description.lowercased())
        for text in ["", "x", "{\(id)}", "\(id)0", " \(id)"] { #expect(UserID(text) == nil) }
    }

    @Test func `is a string in JSON, as value and as key`() throws {
        let id = OrderID()
        let data = try FlotillaJSON.encoder().encode([id: [id]])
        #expect(String(decoding: data, as: UTF8.self) == #"{"\#(id)":["\#(id)"]}"#)
        #expect(
            try FlotillaJSON.decoder().decode([OrderID: [OrderID]].self, from: data) == [id: [id]])
    }
}

@Suite struct `Writing times` {
    @Test func `uses RFC 3339 in UTC with milliseconds`() {
        let date = Date(timeIntervalSince1970: 1_767_268_800.25)
        #expect(FlotillaJSON.rfc3339(date) == "2026-01-01T12:00:00.250Z")
    }

    @Test(arguments: [
        "2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000Z", "2026-01-01T13:00:00+01:00",
    ])
    func `reads every form of an instant`(text: String) {
        #expect(FlotillaJSON.date(rfc3339: text) == Date(timeIntervalSince1970: 1_767_268_800))
    }

    @Test func `writes every millisecond as it is, and reads it back`() {
        for millisecond in 0..<1_000 {
            let date = Date(timeIntervalSince1970: 1_767_268_800 + Double(millisecond) / 1_000)
            let text = FlotillaJSON.rfc3339(date)
            #expect(text.hasSuffix(String(format: ".%03dZ", millisecond)))
            #expect(FlotillaJSON.date(rfc3339: text).map(FlotillaJSON.rfc3339) == text)
        }
    }

    @Test(arguments: [
        "2026-02-31T00:00:00Z", "2025-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "300000-01-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T25:00:00Z",
        "2026-01-01T12:61:00Z", "2026-01-01T12:00:00Zx", "2026-01-01T12:00:00", "2026-01-01",
        "2026-01-01T12:00:00.Z", "2026-01-01T12:00:00+25:00", "2026-01-01 12:00:00Z",
    ])
    func `refuses days that no calendar has`(text: String) {
        #expect(FlotillaJSON.date(rfc3339: text) == nil)
    }

    @Test(arguments: ["", "yesterday", "2026-13-01T00:00:00Z", "1767268800"])
    func `refuses what is no instant`(text: String) {
        #expect(FlotillaJSON.date(rfc3339: text) == nil)
    }
}
