import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite struct `Failing to handle an event` {
    private let patience = RetryPolicy(
        attemptCountMax: 3, initialDelay: .seconds(1), delayMax: .seconds(60))

    @Test func `undoes what the handler wrote and publishes nothing`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a").isEmpty)
        #expect(try await harness.published(Booked.self).isEmpty)
    }

    @Test func `G4: keeps neither other keys nor other consumers waiting`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.publish(Deposited(account: "b", amount: 2))
        try await harness.settle()
        #expect(try await harness.bookings(of: "b") == [2])
        #expect(harness.module.world.reports.count == 2)
    }

    @Test(arguments: [0, 1, 49, 98, 99])
    func `G4: is told apart from the others of its batch, wherever in it`(
        place: Int
    ) async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a\(place)/\(place)")
        for number in 0..<100 {
            try await harness.publish(Deposited(account: "a\(number)", amount: number))
        }
        try await harness.settle()
        for number in 0..<100 {
            #expect(
                try await harness.bookings(of: "a\(number)") == (number == place ? [] : [number]))
        }
        #expect(try await harness.published(Booked.self).count == 99)
        #expect(try await harness.parked(at: "ledger.bookings").count == 1)
    }

    @Test func `G4: is told apart also when it is found out only at the end`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.spoil("a3", "a7")
        // Again and again: a consumer that has met a failure handles its next batch with more care.
        for round in [0, 10, 20] {
            for number in 0..<10 {
                try await harness.publish(Deposited(account: "a\(number)", amount: round + number))
            }
            try await harness.settle()
        }
        #expect(try await harness.bookings(of: "a2") == [2, 12, 22])
        #expect(try await harness.bookings(of: "a3").isEmpty)
        #expect(try await harness.published(Booked.self).count == 24)
        #expect(try await harness.parked(at: "ledger.bookings").count == 6)
        harness.module.world.spoil()
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a3") == [3, 13, 23])
        #expect(try await harness.published(Booked.self).count == 30)
        #expect(try await harness.parked(at: "ledger.bookings").isEmpty)
    }

    @Test func `G3: parks the later events of its key behind it, and keeps their order`()
        async throws
    {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        for amount in 1...3 {
            try await harness.publish(Deposited(account: "a", amount: amount))
        }
        try await harness.settle()
        try await harness.publish(Deposited(account: "a", amount: 4))
        try await harness.settle()
        let parked = try await harness.parked(at: "ledger.bookings")
        #expect(parked.map(\.state) == ["retrying", "waiting", "waiting", "waiting"])
        harness.module.world.fail()
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1, 2, 3, 4])
        #expect(try await harness.parked(at: "ledger.bookings").isEmpty)
    }

    @Test func `G5: is tried again with growing delays, then parked as a dead letter`() async throws
    {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.bookings").map(\.attempts) == [1])
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.bookings").map(\.attempts) == [2])
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(
            try await harness.parked(at: "ledger.bookings").map(\.attempts) == [2],
            "the second delay is up to two seconds")
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        let dead = try await harness.parked(at: "ledger.bookings")
        #expect(dead.map(\.state) == ["dead"])
        #expect(dead.map(\.attempts) == [3])
        #expect(dead.first?.error == "Unlucky()")
        harness.time.advance(by: .seconds(3_600))
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.bookings").map(\.attempts) == [3])
    }

    @Test func `is parked at once when no later try can succeed`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1", permanently: true)
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.publish(Deposited(account: "a", amount: 2))
        try await harness.settle()
        let parked = try await harness.parked(at: "ledger.bookings")
        #expect(parked.map(\.state) == ["dead", "waiting"])
        #expect(parked.map(\.attempts) == [1, 0])
    }

    @Test func `parks effects by key as well, and performs them in order later`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.reports/a/1")
        for amount in 1...3 {
            try await harness.publish(Deposited(account: "a", amount: amount))
            try await harness.publish(Deposited(account: "b", amount: amount))
        }
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.reports").map(\.key) == ["a", "a", "a"])
        #expect(try await harness.reportCount() == 3)
        harness.module.world.fail()
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        let reported = harness.module.world.reports.filter { $0.account == "a" }.map(\.amount)
        #expect(reported == [1, 1, 2, 3], "the first was performed, but not recorded")
        #expect(try await harness.reportCount() == 6)
    }

    @Test func `ends an effect that does not end by itself`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.hang("a")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.publish(Deposited(account: "b", amount: 1))
        try await harness.settle()
        let parked = try await harness.parked(at: "ledger.reports")
        #expect(parked.map(\.key) == ["a"])
        #expect(parked.first?.error?.contains("DeadlineExceeded") == true)
        #expect(harness.module.world.reports.map(\.account) == ["b"])
    }

    @Test func `takes a cancellation that the handler made up for a failure`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.cancel("a")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.publish(Deposited(account: "b", amount: 1))
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.reports").map(\.key) == ["a"])
        #expect(try await harness.reportCount() == 1)
    }

    @Test func `costs nothing when the storage refuses to record the effect`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.reports/a/1")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        harness.module.world.fail()
        harness.module.world.isStorageAway = true
        for _ in 0..<10 {
            harness.time.advance(by: .seconds(60))
            await #expect(throws: StorageError.self) { try await harness.settle() }
        }
        #expect(try await harness.parked(at: "ledger.reports").map(\.attempts) == [1])
        harness.module.world.isStorageAway = false
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.reports").isEmpty)
        #expect(try await harness.reportCount() == 1)
    }

    @Test func `survives a redelivery while it is parked`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        for amount in 1...3 {
            try await harness.publish(Deposited(account: "a", amount: amount))
        }
        try await harness.settle()
        try await harness.redeliverEverything()
        #expect(try await harness.parked(at: "ledger.bookings").count == 3)
        harness.module.world.fail()
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1, 2, 3])
    }

    @Test func `survives a redelivery while only the first of its key was retried`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1", "ledger.bookings/a/2")
        for amount in 1...3 {
            try await harness.publish(Deposited(account: "a", amount: amount))
        }
        try await harness.settle()
        harness.module.world.fail("ledger.bookings/a/2")
        harness.time.advance(by: .seconds(1))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1])
        try await harness.redeliverEverything()
        harness.module.world.fail()
        harness.time.advance(by: .seconds(10))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1, 2, 3])
    }

    @Test func `gives up on an event whose every attempt ended the process`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        // Three attempts were counted before they were made, and none came back.
        try await harness.database.write { try $0.execute("UPDATE inbox_parked SET attempts = 3") }
        harness.module.world.fail()
        harness.time.advance(by: .seconds(60))
        try await harness.settle()
        #expect(try await harness.parked(at: "ledger.bookings").map(\.state) == ["dead"])
        #expect(try await harness.bookings(of: "a").isEmpty)
    }
}

@Suite struct `Waiting between tries` {
    @Test(arguments: [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (7, 60.0), (200, 60.0)])
    func `doubles up to the limit, less a random part`(attempts: Int, seconds: Double) {
        let policy = RetryPolicy(
            attemptCountMax: 8, initialDelay: .seconds(1), delayMax: .seconds(60))
        #expect(policy.delay(after: attempts, chance: 1) == .seconds(seconds))
        #expect(policy.delay(after: attempts, chance: 0) == .zero)
        #expect(policy.delay(after: attempts, chance: 0.5) == .seconds(seconds / 2))
    }
}
