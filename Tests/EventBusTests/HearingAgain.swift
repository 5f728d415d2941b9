import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Synchronization
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
    let world = Trouble()

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    /// Whether the deposit of 13 can't be handled.
    final class Trouble: Sendable {
        private let state = Mutex(false)
        func plan(_ isPlanned: Bool) { state.withLock { $0 = isPlanned } }
        func isPlanned() -> Bool { state.withLock { $0 } }
    }

    var subscriptions: [Subscription] {
        let (outbox, world) = (outbox, world)
        return [
            Subscription(
                "archive.sums", replay: .rebuilt { try $0.execute("DELETE FROM sums") },
                [
                    .on(Deposited.self) { event, _, transaction in
                        if event.amount == 13, world.isPlanned() { throw Hopeless() }
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
                "archive.letters", retry: RetryPolicy(attemptCountMax: 1),
                [
                    .on(Deposited.self) { event, delivery in
                        if event.amount == 13, !delivery.isReplay, world.isPlanned() {
                            throw Unlucky()
                        }
                        return {
                            try $0.execute("INSERT INTO sent (event) VALUES (\(delivery.id))")
                        }
                    }
                ]),
        ]
    }
}

@Suite(.serialized) struct `Hearing again` {
    private func archive(
        isTroubled: Bool = false
    ) async throws -> (ModuleHarness<ArchiveModule>, [EventID]) {
        let harness = try await ModuleHarness(ArchiveModule.self)
        harness.module.world.plan(isTroubled)
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

    @Test func `G5: a silent replay leaves dead letters where they are`() async throws {
        let (harness, _) = try await archive(isTroubled: true)
        let parked = try await harness.parked(at: "archive.letters")
        #expect(parked.first?.state == "dead" && parked.count > 1)
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.parked(at: "archive.letters") == parked)
        harness.module.world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await count(of: "sent", in: harness) == 150, "each was sent once, at last")
    }

    @Test func `G2: a rebuild says for the first time what was never said`() async throws {
        let (harness, _) = try await archive(isTroubled: true)
        let saidBefore = try await harness.published(Booked.self).count
        #expect(saidBefore < 150)
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.published(Booked.self).count == saidBefore)
        harness.module.world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.published(Booked.self).count == 150)
    }

    @Test func `a replay that takes the place of another one covers what that had left`()
        async throws
    {
        let (harness, _) = try await archive()
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        // It has come to 20 of 150 when the operator changes their mind.
        let cursor = { @Sendable () async throws -> Int in
            try await harness.database.read { transaction in
                try transaction.first(
                    """
                    SELECT position FROM inbox_cursors
                    WHERE consumer = 'archive.letters' AND stream = 'outside'
                    """)?.get("position") ?? 0
            }
        }
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                UPDATE inbox_replays SET begun_at = requested_at, to_offset = 150
                WHERE stream = 'outside'
                """)
            try transaction.execute(
                "UPDATE inbox_cursors SET position = 20 WHERE consumer = 'archive.letters'")
            try transaction.execute(
                "DELETE FROM inbox_handled WHERE consumer = 'archive.letters' AND position > 20")
            try transaction.execute(
                """
                UPDATE inbox_marks SET position = 20
                WHERE consumer = 'archive.letters' AND position > 20
                """)
        }
        try await harness.restart()
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await cursor() == 150)
        #expect(try await count(of: "sent", in: harness) == 150, "nothing is sent again")
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
