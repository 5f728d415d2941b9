import Events
import Foundation
import Testing

@testable import EventCatalogue

@Suite struct `Judging changes of events` {
    /// What the field `thing` of an event once was, and is now; nil for no such field.
    struct Change: Sendable, CustomTestStringConvertible {
        let before: String?
        let after: String?
        let severity: SchemaCompatibility.Severity
        let sentence: String
        var testDescription: String { sentence }

        init(
            _ before: String?, _ after: String?, _ severity: SchemaCompatibility.Severity,
            _ sentence: String
        ) {
            self.before = before
            self.after = after
            self.severity = severity
            self.sentence = sentence
        }
    }

    private static let number = #"{"type":"integer","format":"int64"}"#
    private static let text = #"{"type":"string"}"#
    private static let time = #"{"type":"string","format":"date-time"}"#
    private static let bytes = #"{"type":"string","contentEncoding":"base64"}"#
    private static let colours = #"{"type":"string","enum":["blue","red"]}"#
    private static let blue = #"{"type":"string","const":"blue"}"#
    private static func array(_ items: String) -> String { #"{"type":"array","items":\#(items)}"# }
    private static func map(_ values: String) -> String {
        #"{"type":"object","additionalProperties":\#(values)}"#
    }
    private static func object(_ name: String, _ shape: String) -> String {
        #"{"type":"object","properties":{"\#(name)":\#(shape)},"required":["\#(name)"]}"#
    }
    private static func orNull(_ shape: String) -> String {
        #"{"anyOf":[\#(shape),{"type":"null"}]}"#
    }

    @Test(arguments: [
        Change(text, nil, .breaking, "thing is gone, but older readers require it"),
        Change(nil, text, .breaking, "thing is new and required, but older events lack it"),
        Change("?" + text, nil, .additive, "thing, which was optional, is gone"),
        Change(nil, "?" + text, .additive, "thing is new and optional"),
        Change(
            "?" + text, text, .breaking,
            "thing was optional and is required, but older events may lack it"),
        Change(
            text, "?" + text, .breaking,
            "thing was required and is optional, but older readers require it"),
        Change(text, number, .breaking, "thing was string and is integer (int64)"),
        Change(text, time, .breaking, "thing was string and is string (date-time)"),
        Change(bytes, text, .breaking, "thing was string (base64) and is string"),
        Change(text, array(text), .breaking, "thing was string and is array"),
        Change(
            map(text), object("a", text), .breaking,
            "thing was object with any keys and is object"),
        Change(text, orNull(text), .breaking, "thing was string and is string or null"),
        Change(text, colours, .breaking, "thing was string and is string from a list"),
        Change(
            blue, colours, .breaking, "thing may now be red, which older readers refuse"),
        Change(
            colours, blue, .breaking, "thing may no longer be red, which older events may say"),
        Change(array(text), array(time), .breaking, "thing[] was string and is string (date-time)"),
        Change(map(text), map(time), .breaking, "thing{} was string and is string (date-time)"),
        Change(
            orNull(text), orNull(time), .breaking, "thing was string and is string (date-time)"),
        Change(
            array(object("a", text)), array(object("a", number)), .breaking,
            "thing[].a was string and is integer (int64)"),
        Change(
            object("a", text), object("b", text), .breaking,
            "thing.a is gone, but older readers require it"),
    ])
    func `follows the table`(change: Change) throws {
        let result = try SchemaCompatibility(
            from: try document(with: change.before), to: try document(with: change.after))
        let first = try #require(result.findings.first)
        #expect(first.type == "ThingEventV1")
        #expect(first.severity == change.severity)
        let advice = change.severity == .breaking ? "; make it ThingEventV2" : ""
        #expect(first.sentence == change.sentence + advice)
    }

    @Test func `finds nothing when nothing changed`() throws {
        let snapshot = try EventCatalogue.sample.asyncAPI()
        let result = try SchemaCompatibility(snapshot: snapshot, catalogue: .sample)
        #expect(result.findings == [])
        #expect(!result.isBreaking)
    }

    @Test func `lets a new type in`() throws {
        let result = try SchemaCompatibility(
            snapshot: try fewer.asyncAPI(), catalogue: .sample)
        #expect(
            result.findings.map(\.description) == ["additive: TreeGrownEventV2: the type is new"])
        #expect(!result.isBreaking)
    }

    @Test func `does not let a type go`() throws {
        let result = try SchemaCompatibility(
            snapshot: try EventCatalogue.sample.asyncAPI(), catalogue: fewer)
        #expect(
            result.findings.map(\.description) == [
                "breaking: TreeGrownEventV2: the type is gone, but the log keeps its events; "
                    + "keep its declaration"
            ])
        #expect(result.isBreaking)
    }

    @Test func `does not let a type change its topic`() throws {
        let text = String(decoding: try EventCatalogue.sample.asyncAPI(), as: UTF8.self)
        let old = text.replacing(#""parcel.events""#, with: #""post.events""#)
        let result = try SchemaCompatibility(snapshot: Data(old.utf8), catalogue: .sample)
        #expect(
            result.findings.first?.sentence == """
                it moved from post.events to parcel.events, where its readers do not listen; \
                make it ParcelLostEventV2
                """)
    }

    @Test func `looks into a type that contains itself, once`() throws {
        let text = String(decoding: try EventCatalogue.sample.asyncAPI(), as: UTF8.self)
        let old = text.replacing(#""twigs""#, with: #""leaves""#)
        let result = try SchemaCompatibility(snapshot: Data(old.utf8), catalogue: .sample)
        #expect(
            result.findings.map(\.sentence) == [
                "root.leaves is gone, but older readers require it; make it TreeGrownEventV3",
                "root.twigs is new and required, but older events lack it; "
                    + "make it TreeGrownEventV3",
            ])
    }

    @Test func `refuses a snapshot that is none, or that points nowhere`() throws {
        #expect(throws: DecodingError.self) {
            try SchemaCompatibility(snapshot: Data("{}".utf8), catalogue: .sample)
        }
        let text = String(decoding: try EventCatalogue.sample.asyncAPI(), as: UTF8.self)
        let old = text.replacing("schemas/ParcelSentEventV1\"", with: "schemas/Nothing\"")
        #expect(throws: EventCatalogueError.danglingReference("#/components/schemas/Nothing")) {
            try SchemaCompatibility(snapshot: Data(old.utf8), catalogue: .sample)
        }
    }

    /// A document of one event type with one field.
    ///
    /// - Parameter field: its schema, after a `?` when it is optional.
    private func document(with field: String?) throws -> AsyncAPIDocument {
        let isOptional = field?.hasPrefix("?") ?? true
        let properties = field.map { #""thing":\#($0.drop { $0 == "?" })"# } ?? ""
        let required = isOptional ? "" : #""thing""#
        let schema = """
            {"type":"object","properties":{\(properties)},"required":[\(required)]}
            """
        let payload = try JSONDecoder().decode(PayloadSchema.self, from: Data(schema.utf8))
        let message = AsyncAPIDocument.Message(
            name: "ThingEventV1", title: "Thing, V1", summary: "", headers: .init(.object([:])),
            payload: .init(.reference("#/components/schemas/ThingEventV1")))
        return AsyncAPIDocument(
            info: .init(title: "", version: ""),
            channels: ["things": .init(address: "things", messages: ["ThingEventV1": message])],
            operations: [:], components: .init(schemas: ["ThingEventV1": payload]))
    }

    private var fewer: EventCatalogue {
        EventCatalogue(
            EventCatalogue.sample.entries.filter { $0.event != TreeGrown.self },
            title: "Samples", version: "1.2.3")
    }
}
