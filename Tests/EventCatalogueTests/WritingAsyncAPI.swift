import EventCatalogue
import Events
import FlotillaTesting
import Foundation
import Testing

@Suite struct `Writing AsyncAPI` {
    @Test func `makes a channel of each topic, which owns its messages`() throws {
        let document = try Document(.sample)
        #expect(document[["channels"]].keys == ["parcel-events", "tree-events"])
        let channel = document[["channels", "parcel-events"]]
        #expect(channel["address"] as? String == "parcel.events")
        let messages = document[["channels", "parcel-events", "messages"]]
        #expect(messages.keys == ["ParcelLostEventV1", "ParcelSentEventV1"])
        let message = document[["channels", "parcel-events", "messages", "ParcelSentEventV1"]]
        #expect(message["name"] as? String == "ParcelSentEventV1")
        #expect(message["title"] as? String == "Parcel sent, V1")
        #expect(message["contentType"] as? String == "application/json")
        #expect(
            message["payload"] as? [String: String] == [
                "$ref": "#/components/schemas/ParcelSentEventV1"
            ])
        #expect(
            (message["correlationId"] as? [String: String])?["location"]
                == "$message.header#/correlationId")
    }

    @Test func `describes the attributes of CloudEvents as headers`() throws {
        let path = ["channels", "parcel-events", "messages", "ParcelSentEventV1", "headers"]
        let document = try Document(.sample)
        let fields = document[path + ["properties"]]
        func constant(_ name: String) -> String? {
            (fields[name] as? [String: String])?["const"]
        }
        #expect(constant("ce_type") == "ParcelSentEventV1")
        #expect(constant("ce_source") == "/flotilla/parcel")
        #expect(constant("ce_specversion") == "1.0")
        #expect(
            document[path]["required"] as? [String] == [
                "ce_id", "ce_source", "ce_specversion", "ce_subject", "ce_time", "ce_type",
                "correlationId",
            ])
        #expect(fields.keys.contains("causationId") && fields.keys.contains("traceparent"))
    }

    @Test func `makes an operation of each publisher and each consumer, and topic`() throws {
        let document = try Document(.sample)
        #expect(
            document[["operations"]].keys == [
                "audit-trail-receives-parcel-events", "audit-trail-receives-tree-events",
                "forest-paper-receives-parcel-events", "forest-sends-tree-events",
                "mail-parcel-mails-receives-parcel-events", "parcel-sends-parcel-events",
            ])
        let sending = document[["operations", "parcel-sends-parcel-events"]]
        #expect(sending["action"] as? String == "send")
        #expect(sending["x-flotilla-module"] as? String == "parcel")
        let receiving = document[["operations", "forest-paper-receives-parcel-events"]]
        #expect(receiving["action"] as? String == "receive")
        #expect(receiving["x-flotilla-consumer"] as? String == "forest.paper")
        #expect(receiving["x-flotilla-module"] as? String == "forest")
        #expect(
            receiving["messages"] as? [[String: String]] == [
                ["$ref": "#/channels/parcel-events/messages/ParcelSentEventV1"]
            ])
    }

    @Test func `writes the same bytes whatever the order of the entries`() throws {
        let turned = EventCatalogue(
            EventCatalogue.sample.entries.reversed().map {
                .init(
                    event: $0.event, publisher: $0.publisher, consumers: $0.consumers.reversed())
            }, title: "Samples", version: "1.2.3")
        #expect(try turned.asyncAPI() == EventCatalogue.sample.asyncAPI())
        #expect(turned.mermaid() == EventCatalogue.sample.mermaid())
    }

    @Test func `refuses names that differ too little`() {
        let twice = EventCatalogue.Entry(
            event: ParcelSent.self, publisher: "parcel", consumers: [])
        #expect(throws: EventCatalogueError.sameKey("ParcelSentEventV1", "ParcelSentEventV1")) {
            try EventCatalogue([twice, twice], title: "", version: "").asyncAPI()
        }
        let alike = EventCatalogue.Entry(
            event: ParcelSent.self, publisher: "parcel", consumers: ["a.b-c", "a-b.c"])
        #expect(throws: EventCatalogueError.self) {
            try EventCatalogue([alike], title: "", version: "").asyncAPI()
        }
    }

    @Test func `keeps the rules of the specification that no JSON schema can say`() throws {
        #expect(try Document(.sample).violations == [])
    }

    @Test(arguments: [
        ("schemas/ParcelSentEventV1\"", "schemas/Nothing\"", "is nowhere"),
        ("\"parcel-sends-", "\"parcel.sends-", "is no key"),
        ("channels/parcel-events/messages/", "channels/x/messages/", "its channel has not"),
    ])
    func `would tell a broken rule`(old: String, new: String, complaint: String) throws {
        let text = String(decoding: try EventCatalogue.sample.asyncAPI(), as: UTF8.self)
        let document = try Document(Data(text.replacing(old, with: new).utf8))
        #expect(document.violations.contains { $0.contains(complaint) })
    }

    @Test(.enabled(if: OfficialSchema.isInstalled, "make test installs it"))
    func `passes the official JSON schema`() throws {
        let text = String(decoding: try EventCatalogue.sample.asyncAPI(), as: UTF8.self)
        #expect(try OfficialSchema.complaints(about: text) == nil)
        let broken = text.replacing(#""action" : "send""#, with: #""action" : "shout""#)
        let complaints = try OfficialSchema.complaints(about: broken)
        #expect(complaints?.contains("'shout' is not one of") == true)
    }

    @Test(.enabled(if: OfficialSchema.isInstalled, "make test installs it"))
    func `accepts a real event by its schema, and refuses another`() throws {
        let schema = try FlotillaJSON.encode(PayloadSchema(of: ParcelSent.self))
        let event = String(decoding: try FlotillaJSON.encode(ParcelSent.sample), as: UTF8.self)
        #expect(try OfficialSchema.complaints(about: event, schema: schema) == nil)
        let broken = event.replacing(#""speed":"fast""#, with: #""speed":"late""#)
        #expect(try OfficialSchema.complaints(about: broken, schema: schema) != nil)
    }
}
