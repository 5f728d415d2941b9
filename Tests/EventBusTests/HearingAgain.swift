import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Testing

/// Keeps sums of accounts: a projection that can be rebuilt, one that bears repeats, one that
/// refuses them, and an effect.
struct ArchiveModule: Module {
    static let name = "archive"
    static let publishes: [any Event.Type] = [Booked.self]
    static let migrations = [
        MigrationSet(
            component: "archive",
            migrations: [
                Migration(1, "create sums") { dialect in
                    """
                    CREATE TABLE sums (account TEXT PRIMARY KEY, sum INTEGER NOT NULL)
                    \(dialect.strict);
                    CREATE TABLE seen (
                        event TEXT NOT NULL, is_replay INTEGER NOT NULL
                    ) \(dialect.strict);
                    CREATE TABLE sent (event TEXT NOT NULL) \(dialect.strict);
                    """
                }
            ])
    ]

    let outbox: Outbox

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    var subscriptions: [Subscription] {
        let outbox = outbox
        return [
            Subscription(
                "archive.sums", replay: .rebuilt { try $0.execute("DELETE FROM sums") },
                [
                    .on(Deposited.self) { event, _, transaction in
                        try transaction.execute(
                            """
                            INSERT INTO sums (account, sum)
                            VALUES (\(event.account), \(event.amount))
                            ON CONFLICT (account) DO UPDATE SET sum = sums.sum + excluded.sum
                            """)
                        try outbox.publish(
                            Booked(account: event.account, sum: event.amount), in: transaction)
                    }
                ]),
            Subscription(
                "archive.seen", replay: .repeated,
                [
                    .on(Deposited.self) { _, delivery, transaction in
                        try transaction.execute(
                            """
                            INSERT INTO seen (event, is_replay)
                            VALUES (\(delivery.id), \(delivery.isReplay))
                            """)
                    }
                ]),
            Subscription("archive.once", [.on(Deposited.self) { _, _, _ in }]),
            Subscription("archive.news", from: .now, [.on(Deposited.self) { _, _, _ in }]),
            .effect(
                "archive.letters",
                [
                    .on(Deposited.self) { _, delivery in
                        { try $0.execute("INSERT INTO sent (event) VALUES (\(delivery.id))") }
                    }
                ]),
        ]
    }
}

@Suite(.serialized) struct `Hearing again` {
    private func archive() async throws -> (ModuleHarness<ArchiveModule>, [EventID]) {
        let harness = try await ModuleHarness(ArchiveModule.self)
        var ids: [EventID] = []
        for amount in 1...150 {
            ids.append(
                try await harness.publish(
                    Deposited(account: "account \(amount % 7)", amount: amount)))
            harness.time.advance(by: .seconds(1))
        }
        try await harness.settle()
        return (harness, ids)
    }

    private func dump(_ harness: ModuleHarness<ArchiveModule>) async throws -> [String] {
        try await harness.database.read { transaction in
            try transaction.rows("SELECT account, sum FROM sums ORDER BY account")
                .map {
                    "\(try $0.get("account", as: String.self)) \(try $0.get("sum", as: Int.self))"
                }
        }
    }

    private func count(
        of table: String, where condition: String = "1 = 1",
        in harness: ModuleHarness<ArchiveModule>
    ) async throws -> Int {
        try await harness.database.read { transaction in
            try transaction.first(
                SQL(text: "SELECT COUNT(*) AS n FROM \(table) WHERE \(condition)"))?.get("n") ?? 0
        }
    }

    @Test func `G9: rebuilds a projection to the same, and says nothing twice`() async throws {
        let (harness, _) = try await archive()
        let before = try await dump(harness)
        let published = try await harness.published(Booked.self).count
        // Something is wrong with it; that is why it is rebuilt.
        try await harness.database.write { try $0.execute("UPDATE sums SET sum = sum + 1") }
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await dump(harness) == before)
        #expect(try await harness.published(Booked.self).count == published)
        let progress = try await harness.replays.progress(of: "archive.sums")
        #expect(progress.allSatisfy { $0.hasEnded && $0.done == $0.total })
        #expect(try await count(of: "seen", in: harness) == 150, "others hear nothing again")
        // What comes afterwards is no replay.
        try await harness.publish(Deposited(account: "account 1", amount: 5))
        try await harness.settle()
        #expect(try await harness.published(Booked.self).count == published + 1)
        #expect(
            try await harness.published(ConsumerReplayRequested.self).map(\.isRebuild) == [true])
    }

    @Test func `G9: redelivers from an event or a time on, and tells handlers`() async throws {
        let (harness, ids) = try await archive()
        try await harness.replays.request(
            of: "archive.seen", from: .event(ids[140]), by: "cli:test")
        try await harness.settle()
        #expect(try await count(of: "seen", where: "is_replay = 1", in: harness) == 10)
        let time = harness.time.now.addingTimeInterval(-20)
        try await harness.replays.request(of: "archive.seen", from: .time(time), by: "cli:test")
        try await harness.settle()
        #expect(try await count(of: "seen", where: "is_replay = 1", in: harness) == 30)
        #expect(try await count(of: "seen", where: "is_replay = 0", in: harness) == 150)
    }

    @Test func `G9: effects are silent unless they are told to speak`() async throws {
        let (harness, ids) = try await archive()
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await count(of: "sent", in: harness) == 150)
        let story = try await harness.story(of: ids[0])
        #expect(story?.deliveries.first { $0.consumer == "archive.letters" }?.state == "silent")
        try await harness.replays.request(
            of: "archive.letters", withEffects: true, by: "cli:test")
        try await harness.settle()
        #expect(try await count(of: "sent", in: harness) == 300)
        // And the events after it are performed as ever.
        try await harness.publish(Deposited(account: "account 1", amount: 5))
        try await harness.settle()
        #expect(try await count(of: "sent", in: harness) == 301)
    }

    @Test func `refuses consumers that rely on hearing an event once`() async throws {
        let (harness, _) = try await archive()
        await #expect(throws: ReplayError.refused("archive.once")) {
            try await harness.replays.request(of: "archive.once", by: "cli:test")
        }
        await #expect(throws: ReplayError.noSuchConsumer("archive.nobody")) {
            try await harness.replays.request(of: "archive.nobody", by: "cli:test")
        }
        let unknown = EventID()
        await #expect(throws: ReplayError.noSuchEvent(unknown)) {
            try await harness.replays.request(
                of: "archive.seen", from: .event(unknown), by: "cli:test")
        }
    }

    @Test func `G9: a new consumer begins where it says: with the oldest event, or the next`()
        async throws
    {
        let harness = try await ModuleHarness(ArchiveModule.self)
        try await harness.publish(Deposited(account: "a", amount: 1))
        // The module comes later than the event.
        try await harness.restart()
        try await harness.settle()
        let story = { (id: EventID) in
            try await harness.story(of: id)?.deliveries
                .filter { $0.state == "handled" }.map(\.consumer)
        }
        let first = try await harness.publish(Deposited(account: "a", amount: 2))
        try await harness.settle()
        #expect(try await count(of: "seen", in: harness) == 2)
        #expect(try await story(first)?.contains("archive.news") == true)
    }
}
