import EventCatalogue
import Testing

@Suite struct `Refusing a payload` {
    struct Order: Decodable {
        let lines: [Line]
        struct Line: Decodable {
            let kind: Kind
        }
        enum Kind: String, Decodable {
            case gift
            case voucher
        }
    }

    @Test func `names the type, the key and the way out`() {
        let error = #expect(throws: PayloadSchemaError.self) {
            try PayloadSchema(of: Order.self)
        }
        #expect(error?.payload == "Order")
        #expect(error?.type == "Kind")
        #expect(error?.path == "lines[].kind")
        #expect(
            error?.description == """
                the payload of Order can't be recorded, at lines[].kind (Kind): it accepts none \
                of the values that were tried; an enum must be CaseIterable (Cannot initialize \
                Kind from invalid String value text)
                """)
    }

    @Test func `happens when a type requires itself`() {
        final class Endless: Decodable {
            let next: Endless
        }
        let error = #expect(throws: PayloadSchemaError.self) {
            try PayloadSchema(of: Endless.self)
        }
        #expect(error?.path == "next")
        #expect(error?.reason == "it requires another of itself, without end")
    }

    @Test func `happens when a dictionary is no JSON object`() {
        struct Sample: Decodable {
            let flags: [Bool: Int]
        }
        let error = #expect(throws: PayloadSchemaError.self) { try PayloadSchema(of: Sample.self) }
        #expect(error?.path == "flags")
        #expect(error?.reason == "its keys must be String, Int or CodingKeyRepresentable")
    }

    @Test func `happens when one place is read in several ways`() {
        struct Pair: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                _ = try container.decode(String.self)
                _ = try container.decode(Int.self)
            }
        }
        let error = #expect(throws: PayloadSchemaError.self) { try PayloadSchema(of: Pair.self) }
        #expect(error?.path == "[]")
        #expect(error?.reason == "one place is read in several ways")
    }

    @Test func `happens when an enum has values inside`() {
        enum Choice: Decodable {
            case one(Int)
            case other(String)
        }
        struct Sample: Decodable {
            let choice: Choice
        }
        let error = #expect(throws: PayloadSchemaError.self) { try PayloadSchema(of: Sample.self) }
        #expect(error?.type == "Choice")
        #expect(error?.path == "choice")
    }
}
