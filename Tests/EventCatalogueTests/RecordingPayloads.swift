import Events
import Foundation
import Testing

@testable import EventCatalogue

@Suite struct `Recording a payload` {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: any (Decodable & SendableMetatype).Type
        let json: String
        var testDescription: String { "\(type)" }

        init(_ type: any (Decodable & SendableMetatype).Type, _ json: String) {
            self.type = type
            self.json = json
        }
    }

    @Test(arguments: [
        Case(Bool.self, #"{"type":"boolean"}"#),
        Case(String.self, #"{"type":"string"}"#),
        Case(Int.self, #"{"format":"int64","type":"integer"}"#),
        Case(Int8.self, #"{"format":"int8","type":"integer"}"#),
        Case(Int16.self, #"{"format":"int16","type":"integer"}"#),
        Case(Int32.self, #"{"format":"int32","type":"integer"}"#),
        Case(Int64.self, #"{"format":"int64","type":"integer"}"#),
        Case(UInt.self, #"{"format":"uint64","type":"integer"}"#),
        Case(UInt8.self, #"{"format":"uint8","type":"integer"}"#),
        Case(UInt16.self, #"{"format":"uint16","type":"integer"}"#),
        Case(UInt32.self, #"{"format":"uint32","type":"integer"}"#),
        Case(UInt64.self, #"{"format":"uint64","type":"integer"}"#),
        Case(Double.self, #"{"format":"double","type":"number"}"#),
        Case(Float.self, #"{"format":"float","type":"number"}"#),
    ])
    func `knows the scalars`(one: Case) throws {
        struct Holder<Value: Decodable>: Decodable {
            let value: Value
        }
        func holder<V: Decodable>(of type: V.Type) -> any Decodable.Type { Holder<V>.self }
        #expect(try json(one.type) == one.json)
        #expect(try json(holder(of: one.type)) == object(["value": one.json]))
    }

    @Test(arguments: [
        Case(Date.self, #"{"format":"date-time","type":"string"}"#),
        Case(UUID.self, #"{"format":"uuid","type":"string"}"#),
        Case(UserID.self, #"{"format":"uuid","type":"string"}"#),
        Case(URL.self, #"{"format":"uri","type":"string"}"#),
        Case(Data.self, #"{"contentEncoding":"base64","type":"string"}"#),
        Case(Decimal.self, #"{"type":"number"}"#),
        Case(Currency.self, #"{"type":"string"}"#),
        Case([Date].self, #"{"items":{"format":"date-time","type":"string"},"type":"array"}"#),
        Case(Set<Bool>.self, #"{"items":{"type":"boolean"},"type":"array"}"#),
        Case(
            [String?].self,
            #"{"items":{"anyOf":[{"type":"string"},{"type":"null"}]},"type":"array"}"#),
        Case([String: Bool].self, #"{"additionalProperties":{"type":"boolean"},"type":"object"}"#),
        Case([UserID: Bool].self, #"{"additionalProperties":{"type":"boolean"},"type":"object"}"#),
        Case([Int: Bool].self, #"{"additionalProperties":{"type":"boolean"},"type":"object"}"#),
    ])
    func `knows the types of the dialect`(one: Case) throws {
        #expect(try json(one.type) == one.json)
    }

    @Test func `tells required fields from optional ones`() throws {
        struct Sample: Decodable {
            let here: String
            let maybe: String?
            let nested: Nested?
            struct Nested: Decodable {
                let maybe: [Int]?
            }
        }
        let schema = try PayloadSchema(of: Sample.self)
        let numbers = PayloadSchema.Shape.array(of: .scalar(.init(.integer, format: "int64")))
        #expect(
            schema.shape
                == .object([
                    "here": .init(.scalar(.init(.string))),
                    "maybe": .init(.scalar(.init(.string)), isRequired: false),
                    "nested": .init(
                        .object(["maybe": .init(numbers, isRequired: false)]), isRequired: false),
                ]))
    }

    @Test func `finds a validated value in an amount of money`() throws {
        let amount = #"{"format":"int64","type":"integer"}"#
        #expect(
            try json(Money.self) == object(["amount": amount, "currency": #"{"type":"string"}"#]))
    }

    @Test func `lists the cases of an enum that lists them itself`() throws {
        enum Colour: String, Decodable, CaseIterable {
            case red
            case blue
        }
        enum Level: Int, Decodable, CaseIterable {
            case low = 1
            case high = 9
        }
        enum Single: String, Decodable, CaseIterable {
            case only
        }
        #expect(try json(Colour.self) == #"{"enum":["blue","red"],"type":"string"}"#)
        #expect(
            try json(Level.self) == #"{"enum":[1,9],"format":"int64","type":"integer"}"#)
        #expect(try json(Single.self) == #"{"const":"only","type":"string"}"#)
    }

    @Test func `guesses a value of an enum that does not list its cases`() throws {
        enum Level: Int, Decodable {
            case low = 3
            case high = 9
        }
        enum Currency: String, Decodable {
            case euro = "EUR"
        }
        #expect(try json(Level.self) == #"{"format":"int64","type":"integer"}"#)
        #expect(try json(Currency.self) == #"{"type":"string"}"#)
    }

    @Test func `ends in a type that contains itself`() throws {
        let schema = try PayloadSchema(of: TreeGrown.self)
        let branch = PayloadSchema.Shape.reference("#/definitions/Branch")
        #expect(schema.shape == .object(["root": .init(branch)]))
        #expect(
            schema.definitions == [
                "Branch": .object([
                    "name": .init(.scalar(.init(.string))),
                    "next": .init(branch, isRequired: false),
                    "twigs": .init(.array(of: branch)),
                    "byName": .init(.map(of: branch)),
                ])
            ])
        #expect(try PayloadSchema(of: TreeGrown.Branch.self).shape == schema.definitions["Branch"])
    }

    @Test(arguments: [ParcelSent.self, TreeGrown.self] as [any Event.Type])
    func `reads what it writes, and writes it alike every time`(type: any Event.Type) throws {
        let schema = try PayloadSchema(of: type)
        let data = try FlotillaJSON.encode(schema)
        #expect(try FlotillaJSON.decode(PayloadSchema.self, from: data) == schema)
        #expect(try FlotillaJSON.encode(PayloadSchema(of: type)) == data)
    }
}
