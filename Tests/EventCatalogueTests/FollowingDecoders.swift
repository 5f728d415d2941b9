import Foundation
import Testing

@testable import EventCatalogue

@Suite struct `Following a type that decodes itself` {
    @Test func `looks through wrappers of a single value`() throws {
        struct Wrapper: Decodable {
            let value: Int32
            init(from decoder: any Decoder) throws {
                value = try decoder.singleValueContainer().decode(Int32.self)
            }
        }
        struct Outer: Decodable {
            let wrapper: Wrapper
            init(from decoder: any Decoder) throws {
                wrapper = try decoder.singleValueContainer().decode(Wrapper.self)
            }
        }
        #expect(try json(Outer.self) == #"{"format":"int32","type":"integer"}"#)
    }

    @Test func `follows containers inside containers`() throws {
        struct Sample: Decodable {
            enum Keys: String, CodingKey {
                case inner, list, x
            }
            init(from decoder: any Decoder) throws {
                let outer = try decoder.container(keyedBy: Keys.self)
                let inner = try outer.nestedContainer(keyedBy: Keys.self, forKey: .inner)
                _ = try inner.decode(Bool.self, forKey: .x)
                var list = try outer.nestedUnkeyedContainer(forKey: .list)
                var row = try list.nestedUnkeyedContainer()
                _ = try row.decode(String.self)
            }
        }
        let list = #"{"items":{"items":{"type":"string"},"type":"array"},"type":"array"}"#
        let inner = object(["x": #"{"type":"boolean"}"#])
        #expect(try json(Sample.self) == object(["inner": inner, "list": list]))
    }

    @Test func `tells null that is written from a field that is missing`() throws {
        struct Sample: Decodable {
            enum Keys: String, CodingKey {
                case written, missing
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                _ = try container.decode(Bool?.self, forKey: .written)
                if container.contains(.missing) {
                    _ = try container.decode(Bool.self, forKey: .missing)
                }
            }
        }
        let boolean = PayloadSchema.Shape.scalar(.init(.boolean))
        #expect(
            try PayloadSchema(of: Sample.self).shape
                == .object([
                    "written": .init(.nullable(boolean)),
                    "missing": .init(boolean, isRequired: false),
                ]))
    }

    @Test func `satisfies types that validate what they read`() throws {
        struct Stay: Decodable {
            let from: Int
            let to: Int
            let country: String
            enum Keys: String, CodingKey {
                case from, to, country
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                from = try container.decode(Int.self, forKey: .from)
                to = try container.decode(Int.self, forKey: .to)
                country = try container.decode(String.self, forKey: .country)
                guard from < to, country.count == 2 else {
                    throw DecodingError.dataCorrupted(
                        .init(codingPath: container.codingPath, debugDescription: "no stay"))
                }
            }
        }
        let number = #"{"format":"int64","type":"integer"}"#
        #expect(
            try json(Stay.self)
                == object(["country": #"{"type":"string"}"#, "from": number, "to": number]))
    }

    @Test func `takes a type with any keys for a map`() throws {
        struct Attributes: Decodable {
            struct Key: CodingKey {
                let stringValue: String
                var intValue: Int? { nil }
                init?(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                for key in container.allKeys { _ = try container.decode(Bool.self, forKey: key) }
            }
        }
        #expect(
            try json(Attributes.self)
                == #"{"additionalProperties":{"type":"boolean"},"type":"object"}"#)
    }

    @Test func `ends in a type that is null inside itself`() throws {
        final class Link: Decodable {
            let next: Link?
            enum Keys: String, CodingKey {
                case next
            }
            init(from decoder: any Decoder) throws {
                next = try decoder.container(keyedBy: Keys.self).decode(Link?.self, forKey: .next)
            }
        }
        #expect(
            try PayloadSchema(of: Link.self).shape
                == .object(["next": .init(.nullable(.reference("#/definitions/Link")))]))
    }
}
