import Events
import Foundation
import Testing
import Web

@Suite struct `Reading an amount` {
    @Test(arguments: [1, 1_999, 9_007_199_254_740_991])
    func `takes minor units of a currency`(amount: Int) throws {
        let read = try decode(#"{"price":{"amount":\#(amount),"currency":"EUR"}}"#) {
            $0.money("price")
        }
        let euro = try #require(Currency(rawValue: "EUR"))
        #expect(read == Money(amount: Int64(amount), currency: euro))
    }

    @Test(arguments: [
        (#"{}"#, ["/price: this field is required"]),
        (#"{"price":7}"#, ["/price: must be an object, not a number"]),
        (
            #"{"price":{}}"#,
            ["/price/amount: this field is required", "/price/currency: this field is required"]
        ),
        (
            #"{"price":{"amount":0,"currency":"EUR"}}"#,
            ["/price/amount: must be from 1 to 9007199254740991"]
        ),
        (
            #"{"price":{"amount":9007199254740992,"currency":"EUR"}}"#,
            ["/price/amount: must be from 1 to 9007199254740991"]
        ),
        (#"{"price":{"amount":1.5,"currency":"EUR"}}"#, ["/price/amount: must be a whole number"]),
        (#"{"price":{"amount":1,"currency":"eur"}}"#, ["/price/currency: \(noCurrency)"]),
        (#"{"price":{"amount":1,"currency":"DEM"}}"#, ["/price/currency: \(noCurrency)"]),
        (#"{"price":{"amount":1,"currency":"XXX"}}"#, ["/price/currency: \(noCurrency)"]),
        (#"{"price":{"amount":1,"currency":978}}"#, ["/price/currency: \(noCurrency)"]),
        (
            #"{"price":{"amount":1,"currency":"EUR","tax":1}}"#,
            ["/price/tax: there is no such field"]
        ),
    ])
    func `refuses everything else`(body: String, found: [String]) throws {
        #expect(try complaints(about: body) { $0.money("price") } == found)
        guard body != "{}" else { return }
        #expect(try complaints(about: body) { $0.optionalMoney("price") } == found)
    }

    @Test func `keeps to the range that is given`() throws {
        let body = #"{"price":{"amount":0,"currency":"JPY"}}"#
        #expect(try decode(body) { $0.money("price", in: 0...5) }?.amount == 0)
        let found = try complaints(about: body) { $0.money("price", in: 1...5) }
        #expect(found == ["/price/amount: must be from 1 to 5"])
    }
}

@Suite struct `Reading what may be missing` {
    private enum Colour: String, CaseIterable { case red, blue }

    private struct Everything: Equatable {
        var money: Money?
        var currency: Currency?
        var int: Int?
        var date: Date?
        var id: OrderID?
        var bool: Bool?
        var colour: Colour?
        var object: String?
        var objects: [String]?
        var strings: [String]?
        var map: [String: String]?
        var values: [String: JSONValue]?
    }

    private func read(_ fields: inout Fields) -> Everything {
        Everything(
            money: fields.optionalMoney("money"), currency: fields.optionalCurrency("currency"),
            int: fields.optionalInt("int", in: 1...9), date: fields.optionalDate("date"),
            id: fields.optionalID("id"), bool: fields.optionalBool("bool"),
            colour: fields.optionalChoice("colour"),
            object: fields.optionalObject("object") { $0.string("a", length: 1...9) },
            objects: fields.optionalObjects("objects", count: 0...2) {
                $0.string("a", length: 1...9)
            },
            strings: fields.optionalStringArray("strings", count: 0...2, length: 1...9),
            map: fields.optionalObjectMap("map", count: 0...2) { $0.string("a", length: 1...9) },
            values: fields.optionalValueMap("values", count: 0...2))
    }

    private static let names = [
        "money", "currency", "int", "date", "id", "bool", "colour", "object", "objects", "strings",
        "map", "values",
    ]

    @Test func `goes without`() throws {
        #expect(try decode("{}", read) == Everything())
        let nulls = "{\(Self.names.map { "\"\($0)\":null" }.joined(separator: ","))}"
        #expect(try decode(nulls, read) == Everything())
    }

    @Test func `takes what is there`() throws {
        let euro = try #require(Currency(rawValue: "EUR"))
        let body = #"""
            {"money":{"amount":1,"currency":"EUR"},"currency":"EUR","int":5,
             "date":"2026-01-31T10:30:00+01:00","id":"01970000-0000-7000-8000-00000000abcd",
             "bool":false,"colour":"blue","object":{"a":"x"},"objects":[{"a":"y"}],
             "strings":["z"],"map":{"de":{"a":"w"}},"values":{"stars":5,"pool":true}}
            """#
        #expect(
            try decode(body, read)
                == Everything(
                    money: Money(amount: 1, currency: euro), currency: euro, int: 5,
                    date: Date(timeIntervalSince1970: 1_769_851_800),
                    id: OrderID("01970000-0000-7000-8000-00000000abcd"), bool: false,
                    colour: .blue, object: "x", objects: ["y"], strings: ["z"], map: ["de": "w"],
                    values: ["stars": .integer(5), "pool": .bool(true)]))
    }

    @Test func `refuses what is of another kind, each with its place`() throws {
        let body = #"""
            {"money":1,"currency":"ABC","int":10,"date":"2026-02-30T00:00:00Z","id":"x","bool":0,
             "colour":"green","object":{"a":"x","b":1},"objects":[1],"strings":[1],
             "map":{"de":{"a":""}},"values":{"stars":null}}
            """#
        #expect(
            try complaints(about: body, read) == [
                "/money: must be an object, not a number",
                "/currency: \(noCurrency)",
                "/int: must be from 1 to 9",
                "/date: must be an RFC 3339 time: 2026-01-31T09:30:00Z",
                "/id: must be a UUID",
                "/bool: must be true or false, not a number",
                "/colour: must be one of red, blue",
                "/object/b: there is no such field",
                "/objects/0: must be an object, not a number",
                "/strings/0: must be a string, not a number",
                "/map/de/a: must have 1 to 9 characters",
                "/values/stars: this field is required",
            ])
    }

    @Test func `asks for what may not be missing`() throws {
        let found = try complaints(about: "{}") { fields in
            _ = fields.date("date")
            _ = fields.currency("currency")
            _ = fields.choice("colour", as: Colour.self)
            _ = fields.object("object") { _ in }
        }
        #expect(found == ["date", "currency", "colour", "object"].map(required))
    }

    private func required(_ name: String) -> String { "/\(name): this field is required" }
}

private let noCurrency = "must be the ISO 4217 code of a currency, in capitals"
