import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Holding a lease` {
    /// Two would-be holders on one database, and the time that both see.
    private struct Rivals {
        let directory = try! TemporaryDirectory()
        let time = TestTime()
        let database: Database
        let first: LeaseKeeper
        let second: LeaseKeeper

        init(isFirstKnownToBeGone: Bool = false) async throws {
            let database = try Database(module: "bank", at: .sqlite(directory: directory.path))
            try await database.migrate(Bus.migrations)
            self.database = database
            let (time, start) = (time, time.now)
            func keeper(_ holder: String) -> LeaseKeeper {
                var settings = BusSettings()
                settings.leaseDuration = .seconds(9)
                let keeper = LeaseKeeper(
                    module: "bank", database: database,
                    environment: BusEnvironment(
                        settings: settings, now: { time.now },
                        uptime: { .seconds(time.now.timeIntervalSince(start)) }, holder: holder,
                        isHolderGone: { _ in isFirstKnownToBeGone }))
                keeper.keep("bank.watch", wake: Signal())
                return keeper
            }
            first = keeper("first")
            second = keeper("second")
            try await first.step()
        }
    }

    @Test func `G7: is the right of one at a time`() async throws {
        let rivals = try await Rivals()
        try await rivals.second.step()
        #expect(rivals.first.lease("bank.watch")?.epoch == 1)
        #expect(rivals.second.lease("bank.watch") == nil)
    }

    @Test func `G7: goes on as long as it is renewed, and runs out when it is not`() async throws {
        let rivals = try await Rivals()
        for _ in 0..<5 {
            rivals.time.advance(by: .seconds(8))
            try await rivals.first.step()
            try await rivals.second.step()
        }
        #expect(rivals.first.lease("bank.watch")?.epoch == 1)
        rivals.time.advance(by: .seconds(9))
        #expect(rivals.first.lease("bank.watch") == nil, "its holder knows before anybody takes it")
        try await rivals.second.step()
        #expect(rivals.second.lease("bank.watch")?.epoch == 2)
        #expect(rivals.second.lease("bank.watch")?.isSuccession == true)
    }

    @Test func `G7: is taken over at once from a holder that is known to have ended`() async throws
    {
        let rivals = try await Rivals(isFirstKnownToBeGone: true)
        try await rivals.second.step()
        #expect(rivals.second.lease("bank.watch")?.epoch == 2)
    }

    @Test func `is free at once when it was given back, and nothing is suspected`() async throws {
        let rivals = try await Rivals()
        await rivals.first.release()
        try await rivals.second.step()
        #expect(rivals.second.lease("bank.watch")?.isSuccession == false)
    }

    @Test func `G7: a paused holder that wakes can store nothing any more`() async throws {
        let rivals = try await Rivals()
        let old = try #require(rivals.first.lease("bank.watch"))
        rivals.time.advance(by: .seconds(10))
        try await rivals.second.step()
        await #expect(throws: LeaseLost.self) {
            try await rivals.database.write { transaction in
                try old.check(in: transaction)
                try transaction.execute("DELETE FROM bus_leases")
            }
        }
        try await rivals.first.step()
        #expect(rivals.first.lease("bank.watch") == nil)
        #expect(rivals.second.lease("bank.watch") != nil)
    }
}

@Suite(.serialized) struct `Succeeding a process that died` {
    @Test func `G6: an event that kills its process does so a bounded number of times`()
        async throws
    {
        let harness = try await ModuleHarness(
            LedgerModule.self, retry: RetryPolicy(attemptCountMax: 3))
        try await harness.settle()
        for account in ["a", "b"] {
            try await harness.publish(Deposited(account: account, amount: 1))
        }
        try await harness.restart(isClean: false)
        _ = try await harness.consumer("ledger.bookings")?.step()
        let suspects = try await harness.parked(at: "ledger.bookings")
        #expect(suspects.map(\.attempts) == [0, 0], "put aside, and not tried uncounted")
        // Each start counts the attempt, and dies of it before it can say how it went.
        for _ in 0..<3 {
            try await harness.database.write {
                try $0.execute("UPDATE inbox_parked SET attempts = attempts + 1")
            }
            try await harness.restart(isClean: false)
        }
        try await harness.settle()
        let parked = try await harness.parked(at: "ledger.bookings")
        #expect(parked.count == 2)
        #expect(try await harness.bookings(of: "a").isEmpty)
        #expect(parked.allSatisfy { $0.state == "dead" })
        #expect(parked.allSatisfy { $0.error?.contains("AttemptsLost") == true })
    }

    @Test func `handles what the dead one may have had in hand once, and in order`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self)
        for amount in 1...30 {
            try await harness.publish(
                Deposited(account: amount % 2 == 0 ? "a" : "b", amount: amount))
        }
        try await harness.restart(isClean: false)
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == Array(stride(from: 2, through: 30, by: 2)))
        #expect(try await harness.bookings(of: "b") == Array(stride(from: 1, through: 29, by: 2)))
        #expect(try await harness.parked(at: "ledger.bookings").isEmpty)
        #expect(harness.module.world.reports.count == 30)
    }
}
