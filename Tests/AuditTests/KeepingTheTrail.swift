import Audit
import EventBus
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import Web

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// An event of a module that Audit never heard of.
struct Sighted: Event {
    static let type: EventType = "SightedEventV1"
    static let topic: Topic = "lookout.events"
    let ship: String
    var length: Double?
    var cargo: [String]?
    var key: String { ship }
}

struct Sunk: Event {
    static let type: EventType = "SunkEventV7"
    static let topic: Topic = "lookout.losses"
    let ship: String
    var key: String { ship }
}

/// An entry as a client reads it, with the payloads that the events of these tests have.
struct EntrySeen: Decodable, Equatable {
    let id: EventID
    let type: String
    let subjectId: String
    let occurredAt: Date
    let correlationId: String
    let payload: Payload

    struct Payload: Decodable, Equatable {
        let ship: String
        var length: Double?
        var cargo: [String]?
    }
}

struct TrailPage: Decodable {
    let items: [EntrySeen]
    let nextCursor: String?
}

extension ModuleHarness where M == AuditModule {
    static var auditor: TestCaller { TestCaller(permissions: ["audit:read"]) }

    func answer(
        _ query: String = "", as caller: TestCaller? = auditor
    ) async throws -> TestAnswer {
        try await send(.get, "/api/v1/audit/events\(query)", as: caller)
    }

    func trail(_ query: String = "") async throws -> TrailPage {
        try FlotillaJSON.decode(TrailPage.self, from: try await answer(query).body)
    }
}

@Suite(.serialized) struct `Keeping the trail` {
    @Test func `writes down every event, also of types it does not know`() async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        let first = try await harness.publish(
            Sighted(ship: "Ada", length: 12.5, cargo: ["tea", "日本茶"]))
        harness.time.advance(by: .seconds(1))
        let second = try await harness.publish(Sunk(ship: "Ada"))
        try await harness.settle()
        let entries = try await harness.trail().items
        #expect(entries.map(\.id) == [second, first])
        #expect(entries.map(\.type) == ["SunkEventV7", "SightedEventV1"])
        #expect(entries.map(\.subjectId) == ["Ada", "Ada"])
        #expect(entries.map(\.occurredAt) == [harness.time.now, harness.time.now - 1])
        #expect(entries.map(\.correlationId) == [second.description, first.description])
        #expect(
            entries.last?.payload
                == EntrySeen.Payload(ship: "Ada", length: 12.5, cargo: ["tea", "日本茶"]))
    }

    @Test func `keeps payloads byte for byte`() async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        let event = Sighted(ship: "A/\"d\\a\u{1}", length: 0.1, cargo: [])
        try await harness.publish(event)
        try await harness.settle()
        let kept = try await harness.database.read { transaction in
            try transaction.first("SELECT payload FROM trail")?.get("payload", as: Data.self)
        }
        #expect(kept == (try FlotillaJSON.encode(event)))
    }

    @Test(.enabled(if: StorageEngine.preferred == .sqlite, "PostgreSQL has no such statement"))
    func `passes over what would replace an entry`() async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        try await harness.publish(Sighted(ship: "Ada"))
        try await harness.settle()
        let types = try await harness.database.write { transaction in
            try transaction.execute(
                """
                REPLACE INTO trail SELECT number, event_id, 'Forged', source, topic, key,
                    occurred_at, recorded_at, correlation_id, causation_id, '{}' FROM trail
                """)
            return try transaction.rows("SELECT type FROM trail")
                .map { try $0.get("type", as: String.self) }
        }
        #expect(types == [Sighted.type.rawValue])
    }

    @Test func `B109: writes an event once, however often it is delivered`() async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        for number in 0..<250 { try await harness.publish(Sighted(ship: "s\(number % 3)")) }
        try await harness.settle()
        try await harness.redeliverEverything()
        try await harness.forgetHandled()
        try await harness.redeliverEverything()
        let count = try await harness.database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM trail")?.get("n", as: Int.self)
        }
        #expect(count == 250)
        #expect(try await harness.parked(at: "audit.trail").isEmpty)
    }

    @Test(
        arguments: [
            "UPDATE trail SET payload = '{}'", "UPDATE trail SET number = number",
            "DELETE FROM trail", "DELETE FROM trail WHERE key = 'Ada'",
        ] as [String])
    func `B109: refuses to change or lose an entry`(statement: String) async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        try await harness.publish(Sighted(ship: "Ada"))
        try await harness.settle()
        let before = try await harness.trail().items
        let error = await #expect(throws: StorageError.self) {
            try await harness.database.write { try $0.execute(SQL(text: statement)) }
        }
        #expect(error?.kind == .constraintViolation)
        #expect(try await harness.trail().items == before)
    }
}

@Suite(.serialized) struct `Reading the trail` {
    /// Six sightings, a second apart from noon on, of two ships in turn; the last one sinks.
    private func harness() async throws -> ModuleHarness<AuditModule> {
        let harness = try await ModuleHarness(AuditModule.self)
        for number in 0..<6 {
            if number == 5 {
                try await harness.publish(Sunk(ship: "odd"))
            } else {
                try await harness.publish(
                    Sighted(ship: number.isMultiple(of: 2) ? "even" : "odd"))
            }
            harness.time.advance(by: .seconds(1))
        }
        try await harness.settle()
        return harness
    }

    @Test(
        arguments: [
            ("", [5, 4, 3, 2, 1, 0]), ("?subjectId=even", [4, 2, 0]),
            ("?subjectId=odd", [5, 3, 1]),
            ("?subjectId=none", []), ("?type=SunkEventV7", [5]), ("?type=sunkEventV7", []),
            ("?subjectId=odd&type=SightedEventV1", [3, 1]),
            ("?from=2026-01-01T12:00:03Z", [5, 4, 3]), ("?to=2026-01-01T12:00:03Z", [2, 1, 0]),
            ("?from=2026-01-01T12:00:02.999Z&to=2026-01-01T12:00:03.001Z", [3]),
            ("?from=2026-01-01T12:00:03Z&to=2026-01-01T12:00:03Z", []),
            ("?from=2026-01-01T12:00:01Z&to=2026-01-01T12:00:05Z&subjectId=even", [4, 2]),
            ("?subjectId=%27%20OR%201=1%20--", []),
        ] as [(String, [Int])])
    func `filters by subject, type and time`(query: String, numbers: [Int]) async throws {
        let harness = try await harness()
        let noon = TestTime().now
        let seen = try await harness.trail(query).items
            .map { Int($0.occurredAt.timeIntervalSince(noon).rounded()) }
        #expect(seen == numbers)
    }

    @Test(arguments: ["", "&subjectId=odd", "&type=SightedEventV1"], [1, 2, 4])
    func `turns pages without gap or repetition`(filter: String, limit: Int) async throws {
        let harness = try await harness()
        let whole = try await harness.trail("?limit=100\(filter)").items
        var seen: [EntrySeen] = []
        var query = "?limit=\(limit)\(filter)"
        while true {
            let page = try await harness.trail(query)
            #expect(page.items.count <= limit)
            seen += page.items
            guard let cursor = page.nextCursor else { break }
            query = "?limit=\(limit)\(filter)&cursor=\(cursor)"
        }
        #expect(seen == whole)
    }

    @Test func `tells events of one instant apart`() async throws {
        let harness = try await ModuleHarness(AuditModule.self)
        for number in 0..<9 { try await harness.publish(Sighted(ship: "s\(number)")) }
        try await harness.settle()
        var seen: [String] = []
        var query = "?limit=2"
        while true {
            let page = try await harness.trail(query)
            seen += page.items.map(\.subjectId)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=2&cursor=\(cursor)"
        }
        #expect(seen == (0..<9).reversed().map { "s\($0)" })
    }

    @Test(arguments: [
        "?from=yesterday", "?to=2026-01-01", "?from=", "?limit=0", "?limit=x", "?cursor=x",
    ])
    func `refuses a filter that is none`(query: String) async throws {
        let harness = try await harness()
        #expect(try await harness.answer(query).status == .badRequest)
    }

    @Test(
        arguments: [
            (nil, 401), (TestCaller(), 403), (TestCaller(permissions: ["search:users"]), 403),
            (TestCaller(permissions: ["audit:read"]), 200), (TestCaller(roles: ["admin"]), 200),
        ] as [(TestCaller?, Int)])
    func `needs the permission`(caller: TestCaller?, status: Int) async throws {
        let harness = try await harness()
        #expect(try await harness.answer(as: caller).status.code == status)
    }
}
