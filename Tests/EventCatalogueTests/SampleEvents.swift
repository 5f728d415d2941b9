import EventCatalogue
import Events
import Foundation

struct ParcelSent: Event {
    static let type: EventType = "ParcelSentEventV1"
    static let topic: Topic = "parcel.events"
    let parcelID: OrderID
    let weight: Int
    let note: String?
    let lines: [Line]
    let price: Money
    let labels: [String: String]
    let speed: Speed
    let sentAt: Date

    var key: String { parcelID.description }

    struct Line: Codable {
        let product: VariantID
        let count: UInt8
    }

    enum Speed: String, Codable, CaseIterable {
        case slow
        case fast
    }
}

extension ParcelSent {
    static let sample = ParcelSent(
        parcelID: OrderID(), weight: 1_200, note: nil,
        lines: [.init(product: VariantID(), count: 2)],
        price: Money(amount: 499, currency: Currency(rawValue: "EUR")!), labels: ["door": "left"],
        speed: .fast, sentAt: Date())
}

struct ParcelLost: Event {
    static let type: EventType = "ParcelLostEventV1"
    static let topic: Topic = "parcel.events"
    let parcelID: OrderID
    var key: String { parcelID.description }
}

/// Contains itself, in an array and in an optional.
struct TreeGrown: Event {
    static let type: EventType = "TreeGrownEventV2"
    static let topic: Topic = "tree.events"
    let root: Branch
    var key: String { root.name }

    final class Branch: Codable, Sendable {
        let name: String
        let next: Branch?
        let twigs: [Branch]
        let byName: [String: Branch]
    }
}

extension EventCatalogue {
    static let sample = EventCatalogue(
        [
            .init(
                event: TreeGrown.self, publisher: "forest", consumers: ["audit.trail"]),
            .init(
                event: ParcelSent.self, publisher: "parcel",
                consumers: ["mail.parcel-mails", "forest.paper", "audit.trail"]),
            .init(
                event: ParcelLost.self, publisher: "parcel",
                consumers: ["mail.parcel-mails", "audit.trail"]),
        ], title: "Samples", version: "1.2.3")
}

/// The schema as JSON with sorted keys, which is easier to read in an expectation than its values.
func json(_ type: any Decodable.Type) throws -> String {
    String(decoding: try FlotillaJSON.encode(PayloadSchema(of: type)), as: UTF8.self)
}

/// The JSON of an object whose fields are all required.
func object(_ fields: [String: String]) -> String {
    let names = fields.keys.sorted()
    let properties = names.map { "\"\($0)\":\(fields[$0]!)" }.joined(separator: ",")
    let required = names.map { "\"\($0)\"" }.joined(separator: ",")
    return #"{"properties":{\#(properties)},"required":[\#(required)],"type":"object"}"#
}
