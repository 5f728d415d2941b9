import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Hearing again` {
    @Test func `G9: rebuilds a projection to the same, and says nothing twice`() async throws {
        let (harness, _) = try await ModuleHarness.archive()
        let before = try await harness.sums()
        let published = try await harness.published(Booked.self).count
        // Something is wrong with it; that is why it is rebuilt.
        try await harness.database.write { try $0.execute("UPDATE sums SET sum = sum + 1") }
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.sums() == before)
        #expect(try await harness.published(Booked.self).count == published)
        let progress = try await harness.replays.progress(of: "archive.sums")
        #expect(progress.allSatisfy { $0.hasEnded && $0.done == $0.total })
        #expect(try await harness.count(of: "seen") == 150, "others hear nothing again")
        // What comes afterwards is no replay.
        try await harness.publish(Deposited(account: "account 1", amount: 5))
        try await harness.settle()
        #expect(try await harness.published(Booked.self).count == published + 1)
        #expect(
            try await harness.published(ConsumerReplayRequested.self).map(\.isRebuild) == [true])
    }

    @Test func `G9: redelivers from an event or a time on, and tells handlers`() async throws {
        let (harness, ids) = try await ModuleHarness.archive()
        try await harness.replays.request(
            of: "archive.seen", from: .event(ids[140]), by: "cli:test")
        try await harness.settle()
        #expect(try await harness.count(of: "seen", where: "is_replay") == 10)
        let time = harness.time.now.addingTimeInterval(-20)
        try await harness.replays.request(of: "archive.seen", from: .time(time), by: "cli:test")
        try await harness.settle()
        #expect(try await harness.count(of: "seen", where: "is_replay") == 30)
        #expect(try await harness.count(of: "seen", where: "NOT is_replay") == 150)
    }

    @Test func `G9: effects are silent unless they are told to speak`() async throws {
        let (harness, ids) = try await ModuleHarness.archive()
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.count(of: "sent") == 150)
        let story = try await harness.story(of: ids[0])
        #expect(story?.deliveries.first { $0.consumer == "archive.letters" }?.state == "silent")
        try await harness.replays.request(
            of: "archive.letters", withEffects: true, by: "cli:test")
        try await harness.settle()
        #expect(try await harness.count(of: "sent") == 300)
        // And the events after it are performed as ever.
        try await harness.publish(Deposited(account: "account 1", amount: 5))
        try await harness.settle()
        #expect(try await harness.count(of: "sent") == 301)
    }

    @Test func `G5: a silent replay leaves dead letters where they are`() async throws {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
        let parked = try await harness.parked(at: "archive.letters")
        #expect(parked.first?.state == "dead" && parked.count > 1)
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.parked(at: "archive.letters") == parked)
        harness.module.world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: "archive.letters", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.count(of: "sent") == 150, "each was sent once, at last")
    }

    @Test func `G2: a rebuild says for the first time what was never said`() async throws {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
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
        let (harness, _) = try await ModuleHarness.archive()
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
        #expect(try await harness.count(of: "sent") == 150, "nothing is sent again")
    }

    @Test func `one with an origin waits its turn, and one from the beginning takes it`()
        async throws
    {
        let (harness, ids) = try await ModuleHarness.archive()
        let (replays, consumer) = (harness.replays, "archive.sums")
        try await replays.request(of: consumer, by: "cli:test")
        for hasBegun in [false, true] {
            if hasBegun {
                harness.look()
                _ = try await harness.consumer(consumer)?.step()
            }
            let progress = try await replays.progress(of: consumer)
            #expect(progress.contains { $0.done > 0 && $0.done < $0.total } == hasBegun)
            for origin in [Replays.Origin.event(ids[3]), .time(harness.time.now)] {
                await #expect(throws: ReplayError.goingOn(consumer)) {
                    try await replays.request(of: consumer, from: origin, by: "cli:test")
                }
            }
        }
        #expect(try await harness.published(ConsumerReplayRequested.self).count == 1)
        try await replays.request(of: consumer, by: "cli:test")
        try await harness.settle()
        #expect(try await replays.progress(of: consumer).allSatisfy { $0.hasEnded })
        #expect(try await harness.count(of: "inbox_replays", where: "ended_at IS NULL") == 0)
        #expect(try await harness.published(Booked.self).count == 150, "nothing is said twice")
        // When it has ended, one with an origin is welcome again.
        try await replays.request(of: consumer, from: .event(ids[149]), by: "cli:test")
    }

    @Test(arguments: ["archive.sums", "archive.seen", "archive.letters"])
    func `ends with a log that was restored from an older copy`(consumer: String) async throws {
        let (harness, ids) = try await ModuleHarness.archive()
        try await harness.publisherDatabase.write {
            try $0.execute("DELETE FROM outbox_events WHERE position > 110")
        }
        try await harness.restart()
        for origin in [Replays.Origin.beginning, .event(ids[100])] {
            try await harness.replays.request(of: consumer, from: origin, by: "cli:test")
            try await harness.settle()
            let progress = try await harness.replays.progress(of: consumer)
            #expect(progress.allSatisfy { $0.hasEnded }, "\(progress)")
            #expect(progress.map(\.total).max() == (origin == .beginning ? 110 : 10))
        }
    }

    @Test func `refuses consumers that rely on hearing an event once`() async throws {
        let (harness, _) = try await ModuleHarness.archive()
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
        #expect(try await harness.count(of: "seen") == 2)
        #expect(try await story(first)?.contains("archive.news") == true)
    }
}
