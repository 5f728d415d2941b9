import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Synchronization
import Testing

/// A parcel was sent: three versions of it, of which the newest is said.
struct SentV1: Event {
    static let type: EventType = "SentEventV1"
    static let topic: Topic = "parcels.events"
    let parcel: String
    var key: String { parcel }
}

struct SentV2: Event {
    static let type: EventType = "SentEventV2"
    static let topic: Topic = "parcels.events"
    static var upcasters: [Upcaster] {
        [upcast(from: SentV1.self) { SentV2(parcel: $0.parcel, weight: 1) }]
    }
    let parcel: String
    let weight: Int
    var key: String { parcel }
}

struct SentV3: Event {
    static let type: EventType = "SentEventV3"
    static let topic: Topic = "parcels.events"
    static var upcasters: [Upcaster] {
        [
            upcast(from: SentV2.self) { old in
                guard old.weight >= 0 else { throw Unweighable() }
                return SentV3(parcel: old.parcel, grams: old.weight * 1_000)
            }
        ]
    }
    let parcel: String
    let grams: Int
    var key: String { parcel }
}

struct Unweighable: Error {}

/// Writes down the weights of parcels, as a transactional and as an effect consumer.
struct ScalesModule: Module {
    static let name = "scales"
    static let migrations = [
        MigrationSet(
            component: "scales",
            migrations: [
                Migration(1, "create weights") { dialect in
                    """
                    CREATE TABLE weights (
                        number \(dialect.identity), grams INTEGER NOT NULL, who TEXT NOT NULL)
                    \(dialect.strict);
                    """
                }
            ])
    ]

    init(settings: Settings, platform: Platform) {}

    var subscriptions: [Subscription] {
        [
            Subscription(
                "scales.weights", replay: .rebuilt { try $0.execute("DELETE FROM weights") },
                [
                    .on(SentV3.self) { event, _, transaction in
                        try transaction.execute(
                            "INSERT INTO weights (grams, who) VALUES (\(event.grams), 'weights')")
                    }
                ]),
            .effect(
                "scales.labels",
                [
                    .on(SentV3.self) { event, _ in
                        {
                            try $0.execute(
                                """
                                INSERT INTO weights (grams, who) VALUES (\(event.grams), 'labels')
                                """)
                        }
                    }
                ]),
        ]
    }
}

@Suite(.serialized) struct `Changing an event's shape` {
    private func weights(_ harness: ModuleHarness<ScalesModule>) async throws -> [Int] {
        try await harness.database.read { transaction in
            try transaction.rows(
                "SELECT grams FROM weights WHERE who = 'weights' ORDER BY number"
            ).map { try $0.get("grams") }
        }
    }

    @Test func `G10: older versions reach the newest handler through the chain`() async throws {
        let harness = try await ModuleHarness(ScalesModule.self)
        try await harness.publish(SentV1(parcel: "a"))
        try await harness.publish(SentV2(parcel: "b", weight: 2))
        try await harness.publish(SentV3(parcel: "c", grams: 5))
        try await harness.settle()
        #expect(try await weights(harness) == [1_000, 2_000, 5])
        let labels = try await harness.database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM weights WHERE who = 'labels'")?
                .get("n", as: Int.self)
        }
        #expect(labels == 3)
    }

    @Test func `G10: retries and replays go through the upcasters, too`() async throws {
        let harness = try await ModuleHarness(
            ScalesModule.self, retry: RetryPolicy(attemptCountMax: 1))
        try await harness.publish(SentV2(parcel: "a", weight: -1))
        try await harness.publish(SentV1(parcel: "a"))
        try await harness.settle()
        #expect(try await harness.parked(at: "scales.weights").map(\.state) == ["dead", "waiting"])
        let letter = try #require(
            try await harness.deadLetters.list().first { $0.consumer == "scales.weights" })
        try await harness.deadLetters.retry(
            letter.id, payload: Data(#"{"parcel": "a", "weight": 3}"#.utf8), by: "cli:test")
        try await harness.settle()
        #expect(try await weights(harness) == [3_000, 1_000])
        let other = try #require(try await harness.deadLetters.list().first)
        try await harness.deadLetters.discard(other.id, reason: nil, by: "cli:test")
        // A replay reads what was published, not what was edited: that one stays a dead letter.
        try await harness.replays.request(of: "scales.weights", by: "cli:test")
        try await harness.settle()
        #expect(try await weights(harness).isEmpty)
        #expect(try await harness.parked(at: "scales.weights").count == 2)
    }

    @Test func `G10: unknown fields are ignored`() async throws {
        let harness = try await ModuleHarness(ScalesModule.self)
        try await publishRaw(
            "SentEventV3", #"{"parcel": "a", "grams": 7, "colour": {"red": 1}}"#, in: harness)
        try await harness.settle()
        #expect(try await weights(harness) == [7])
    }

    @Test func `G10: unknown types are counted and skipped, and their key goes on`() async throws {
        let harness = try await ModuleHarness(ScalesModule.self)
        try await publishRaw("MislaidEventV1", #"{"parcel": "a"}"#, in: harness)
        try await harness.publish(SentV3(parcel: "a", grams: 3))
        try await harness.settle()
        #expect(try await weights(harness) == [3])
        #expect(try await harness.parked(at: "scales.weights").isEmpty)
    }

    @Test func `a version that is too new for this program waits for one that knows it`()
        async throws
    {
        let harness = try await ModuleHarness(ScalesModule.self)
        try await publishRaw("SentEventV9", #"{"parcel": "a"}"#, in: harness)
        try await harness.publish(SentV3(parcel: "a", grams: 3))
        try await harness.settle()
        #expect(try await weights(harness).isEmpty)
        #expect(try await harness.parked(at: "scales.weights").map(\.state) == ["dead", "waiting"])
    }

    @Test func `a payload that is not of its shape is a dead letter at once, with its bytes`()
        async throws
    {
        let harness = try await ModuleHarness(ScalesModule.self)
        try await publishRaw("SentEventV2", #"{"parcel": "a", "weight": "heavy"}"#, in: harness)
        try await harness.settle()
        let letters = try await harness.deadLetters.list()
        #expect(letters.count == 2)
        #expect(
            letters.allSatisfy {
                String(decoding: $0.event.envelope.data, as: UTF8.self).contains("heavy")
            })
    }

    /// Puts an event into the publisher's log that no publisher would say.
    private func publishRaw(
        _ type: String, _ payload: String, in harness: ModuleHarness<ScalesModule>
    ) async throws {
        let model = try await harness.publish(SentV3(parcel: "a", grams: 0))
        try await harness.publisherDatabase.write { transaction in
            try transaction.execute(
                """
                UPDATE outbox_events SET type = \(type), data = \(JSON(Data(payload.utf8)))
                WHERE event_id = \(model)
                """)
        }
    }
}

@Suite struct `Checking who says and hears what` {
    private struct Unversioned: Event {
        static let type: EventType = "SentEvent"
        static let topic: Topic = "parcels.events"
        var key: String { "" }
    }

    /// Another Swift type under the name of one that is published.
    private struct Impostor: Event {
        static let type: EventType = "SentEventV3"
        static let topic: Topic = "parcels.events"
        var key: String { "" }
    }

    private func registry(
        publishes: [any Event.Type], hears: [Handler]
    ) throws -> EventRegistry {
        try EventRegistry([
            .init(module: "parcels", publishes: publishes, subscriptions: []),
            .init(
                module: "scales", publishes: [],
                subscriptions: [Subscription("scales.weights", hears)]),
        ])
    }

    @Test func `knows the older versions of what is published`() throws {
        let registry = try registry(
            publishes: [SentV3.self], hears: [.on(SentV3.self) { _, _, _ in }])
        let entries = registry.entries.filter { $0.publisher == "parcels" }
        #expect(entries.map(\.version) == [1, 2, 3])
        #expect(entries.allSatisfy { $0.consumers == ["scales.weights"] })
    }

    @Test func `refuses two shapes under one name`() {
        #expect(
            throws: RegistryError.twoShapes(
                SentV3.type, publisher: "parcels", consumer: "scales.weights")
        ) {
            try registry(publishes: [SentV3.self], hears: [.on(Impostor.self) { _, _, _ in }])
        }
    }

    @Test func `refuses a type without a version, and two handlers of one type`() {
        #expect(throws: RegistryError.missingVersion("SentEvent", "parcels")) {
            try registry(publishes: [Unversioned.self], hears: [])
        }
        #expect(throws: RegistryError.duplicateHandler(SentV3.type, "scales.weights")) {
            try registry(
                publishes: [SentV3.self],
                hears: [.on(SentV3.self) { _, _, _ in }, .on(SentV3.self) { _, _, _ in }])
        }
    }

    @Test(arguments: [
        ("AEventV1", 1), ("AEventV12", 12), ("AEvent", nil), ("AEventV0", nil), ("V1", nil),
        ("AEventV", nil), ("AEventV1x", nil),
    ])
    func `reads the version at the end of a name`(name: String, version: Int?) {
        #expect(EventType(rawValue: name).version == version)
    }
}
