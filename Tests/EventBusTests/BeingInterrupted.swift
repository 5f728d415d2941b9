import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

/// Work that a process does not get to the end of.
@Suite(.serialized) struct `Being interrupted` {
    @Test func `G9: a silent replay stays silent when its process dies`() async throws {
        let (harness, _) = try await ModuleHarness.archive()
        try await harness.replays.request(of: "archive.letters", by: "cli:test")
        // The disk gives out in the middle, and the process with it.
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                \(only: .postgresql, """
                    CREATE FUNCTION outage() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'outage' USING ERRCODE = '58030'; END $$
                    """)
                \(only: .sqlite, "SELECT 1")
                """)
            try transaction.execute(
                """
                CREATE TRIGGER outage BEFORE INSERT ON inbox_handled
                \(only: .postgresql, "FOR EACH ROW")
                WHEN (new.consumer = 'archive.letters' AND new.position > 40)
                \(only: .sqlite, "BEGIN SELECT RAISE(ABORT, 'outage'); END")
                \(only: .postgresql, "EXECUTE FUNCTION outage()")
                """)
        }
        await #expect(throws: StorageError.self) { try await harness.settle() }
        try await harness.database.write {
            try $0.execute("DROP TRIGGER outage \(only: .postgresql, "ON inbox_handled")")
        }
        try await harness.restart(isClean: false)
        try await harness.settle()
        let progress = try await harness.replays.progress(of: "archive.letters")
        #expect(progress.allSatisfy { $0.hasEnded }, "\(progress)")
        let silent = "consumer = 'archive.letters' AND outcome = 'silent'"
        #expect(try await harness.count(of: "inbox_handled", where: silent) == 150)
        #expect(
            try await harness.count(of: "inbox_handled", where: "\(silent) AND attempts = 1") > 0,
            "what the dead process may have had in hand was parked, and retried")
        #expect(try await harness.parked(at: "archive.letters").isEmpty)
        #expect(harness.module.world.sent.sorted() == Array(1...150), "nothing is sent again")
    }

    @Test func `G9: a rebuild whose process dies comes to the same, row for row`() async throws {
        let harness = try await ModuleHarness(ClerkModule.self)
        for number in 1...250 {
            try await harness.publish(Turned(account: "account \(number)", number: 1))
        }
        try await harness.settle()
        let before = try await notes(harness)
        #expect(before == (1...250).map { "account \($0)" })
        try await harness.replays.request(of: "clerk.notes", by: "cli:test")
        harness.look()
        _ = try await harness.consumer("clerk.notes")?.step()
        let taken = try await notes(harness).count
        #expect(taken > 0 && taken < 150, "more than a batch is left to do")
        try await harness.restart(isClean: false)
        try await harness.settle()
        #expect(try await notes(harness) == before)
        #expect(try await harness.replays.progress(of: "clerk.notes").allSatisfy { $0.hasEnded })
        #expect(try await harness.published(Noted.self).count == 250, "nothing is said twice")
    }

    private func notes(_ harness: ModuleHarness<ClerkModule>) async throws -> [String] {
        try await harness.database.read { transaction in
            try transaction.rows("SELECT account FROM notes ORDER BY id")
                .map { try $0.get("account") }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `an attempt that a shutdown cuts short does not count`() async throws {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
        let world = harness.module.world
        let parked = try await harness.parked(at: "archive.letters")
        #expect(parked.first?.attempts == 1)
        world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: "archive.letters", by: "cli:test")
        // More shutdowns than the one attempt that it has.
        for _ in 1...3 {
            let begun = Signal()
            world.meanwhile {
                begun.raise()
                try await Task.sleep(for: .seconds(3_600))
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await harness.settle() }
                await begun.wait(upTo: .seconds(20), clock: ContinuousClock())
                #expect(
                    (try? await harness.parked(at: "archive.letters"))?.first?.attempts == 2,
                    "it is counted before it is made")
                group.cancelAll()
            }
            let left = try await harness.parked(at: "archive.letters")
            #expect(left.map(\.attempts) == parked.map(\.attempts))
            #expect(left.first?.state == "retrying")
            try await harness.restart()
        }
        try await harness.settle()
        #expect(try await harness.parked(at: "archive.letters").isEmpty)
        #expect(world.sent.count { $0 == 13 } == 1 + 3 + 1)
        #expect(try await harness.count(of: "sent") == 150)
    }
}
