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
        let data = try FlotillaJSON.encode([id: [id]])
        #expect(String(decoding: data, as: UTF8.self) == #"{"\#(id)":["\#(id)"]}"#)
        #expect(
            try FlotillaJSON.decode([OrderID: [OrderID]].self, from: data) == [id: [id]])
    }
}

@Suite struct `Writing a UUID` {
    @Test func `gives what Foundation gives, in lower case, and reads it in either case`() {
        for _ in 0..<1_000 {
            let uuid = UUID()
            #expect(uuid.lowercasedText == uuid.uuidString.lowercased())
            #expect(UUID(text: uuid.lowercasedText) == uuid)
            #expect(UUID(text: uuid.uuidString) == uuid)
        }
    }

    @Test func `reads no text in which a character is another one`() {
        let text = Array(UUID().lowercasedText)
        for index in text.indices {
            for character in ["g", "-", " ", "/", ":", "`", "ü"] where character != "\(text[index])"
            {
                var broken = text.map(String.init)
                broken[index] = character
                #expect(UUID(text: broken.joined()) == nil, "\(broken.joined())")
            }
        }
    }
}

@Suite struct `Writing times` {
    @Test func `agrees with Foundation since there is the Gregorian calendar`() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<5_000 {
            // From 1583 on: Foundation counts the years before by Julius Caesar's calendar.
            let date = Self.date(in: -12_212_553_600_000..<253_402_300_800_000)
            // Its own cuts what lies a little below a millisecond.
            #expect(FlotillaJSON.rfc3339(date) == (date + 0.000_1).formatted(style))
        }
    }

    @Test func `reads back what it wrote, in all years of RFC 3339`() {
        for _ in 0..<5_000 {
            let date = Self.date(in: -62_167_219_200_000..<253_402_300_800_000)
            #expect(FlotillaJSON.date(rfc3339: FlotillaJSON.rfc3339(date)) == date)
        }
        #expect(
            FlotillaJSON.rfc3339(Date(timeIntervalSince1970: -62_167_219_200)).hasPrefix(
                "0000-01-01T00"))
        #expect(
            FlotillaJSON.date(rfc3339: "0001-03-01T00:00:00Z").map(FlotillaJSON.rfc3339)
                == "0001-03-01T00:00:00.000Z")
    }

    private static func date(in milliseconds: Range<Int64>) -> Date {
        Date(timeIntervalSince1970: Double(Int64.random(in: milliseconds)) / 1_000)
    }

    @Test(arguments: [
        ("2026-01-01T12:00:00.1Z", 100_000), ("2026-01-01T12:00:00.12Z", 120_000),
        ("2026-01-01T12:00:00.1234Z", 123_400), ("2026-01-01T12:00:00.123456789Z", 123_457),
        ("2026-01-01T12:00:00.000001Z", 1), ("2026-01-01T11:59:60Z", 0),
        ("2026-01-01T00:30:00.5-11:30", 500_000),
    ])
    func `reads a fraction of any length`(text: String, microseconds: Int) throws {
        let date = try #require(FlotillaJSON.date(rfc3339: text))
        let expected = 1_767_268_800 + Double(microseconds) / 1_000_000
        #expect(abs(date.timeIntervalSince1970 - expected) < 0.000_000_7)
    }

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
