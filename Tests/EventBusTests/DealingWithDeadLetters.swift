import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Dealing with dead letters` {
    private let patience = RetryPolicy(attemptCountMax: 1)

    /// A ledger whose account `a` is stuck at amount 1, with 2 and 3 behind it.
    private func stuckLedger() async throws -> ModuleHarness<LedgerModule> {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1")
        for amount in 1...3 { try await harness.publish(Deposited(account: "a", amount: amount)) }
        try await harness.publish(Deposited(account: "b", amount: 9))
        try await harness.settle()
        return harness
    }

    @Test func `G5: lists what is dead, and on request what waits behind it`() async throws {
        let harness = try await stuckLedger()
        let dead = try await harness.deadLetters.list()
        #expect(dead.map(\.state) == ["dead"])
        #expect(dead.map(\.waitingCount) == [2])
        #expect(dead.map(\.consumer) == ["ledger.bookings"])
        #expect(dead.first?.attempts == 1)
        #expect(dead.first?.error?.contains("Unlucky") == true)
        var all = DeadLetters.Filter()
        all.includesLiving = true
        #expect(try await harness.deadLetters.list(all).count == 3)
        all.key = "b"
        #expect(try await harness.deadLetters.list(all).isEmpty)
    }

    @Test func `G5: a retry takes the key's sequence in order`() async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        harness.module.world.fail()
        try await harness.deadLetters.retry(letter.id, by: "cli:test")
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1, 2, 3])
        #expect(try await harness.deadLetters.list().isEmpty)
    }

    @Test func `G5: a retry of one that waits begins with the first of its key`() async throws {
        let harness = try await stuckLedger()
        var all = DeadLetters.Filter()
        all.includesLiving = true
        let last = try #require(
            try await harness.deadLetters.list(all).max { $0.event.position < $1.event.position })
        harness.module.world.fail()
        let first = try await harness.deadLetters.retry(last.id, by: "cli:test")
        #expect(first.event.position < last.event.position)
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [1, 2, 3])
    }

    @Test func `a retry gives as many attempts as a new event has, and counts on`() async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        try await harness.deadLetters.retry(letter.id, by: "cli:test")
        try await harness.settle()
        let again = try await harness.deadLetters.find(letter.id)
        #expect(again.state == "dead" && again.attempts == 2)
    }

    @Test func `an edited payload takes the place of the one that failed`() async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        let payload = Data(#"{"account": "a", "amount": 100}"#.utf8)
        try await harness.deadLetters.retry(letter.id, payload: payload, by: "cli:test")
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [100, 2, 3])
        let retried = try await harness.published(DeadLetterRetried.self)
        #expect(retried.map(\.editedPayload) == [String(decoding: payload, as: UTF8.self)])
    }

    @Test(arguments: [
        (#"{"account": "z", "amount": 1}"#, DeadLetterError.otherKey("a")),
        (#"{"account": "a"}"#, nil), ("no json", nil),
    ])
    func `refuses a payload of another key or shape, and changes nothing`(
        payload: String, refusal: DeadLetterError?
    ) async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        let error = await #expect(throws: DeadLetterError.self) {
            try await harness.deadLetters.retry(
                letter.id, payload: Data(payload.utf8), by: "cli:test")
        }
        if let refusal { #expect(error == refusal) }
        #expect(try await harness.deadLetters.find(letter.id).originalData == nil)
        #expect(try await harness.published(DeadLetterRetried.self).isEmpty)
    }

    @Test func `refuses a payload too large for the event that tells of it`() async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        func payload(byteCount: Int) -> Data {
            let payload = #"{"account": "a", "amount": 4}"#
            return Data((payload + String(repeating: " ", count: byteCount - payload.count)).utf8)
        }
        let largest = DeadLetters.payloadByteCountMax
        await #expect(throws: DeadLetterError.payloadTooLarge(byteCount: largest + 1)) {
            try await harness.deadLetters.retry(
                letter.id, payload: payload(byteCount: largest + 1), by: "cli:test")
        }
        #expect(try await harness.deadLetters.find(letter.id).originalData == nil)
        #expect(try await harness.published(DeadLetterRetried.self).isEmpty)
        try await harness.deadLetters.retry(
            letter.id, payload: payload(byteCount: largest), by: "cli:test")
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [4, 2, 3])
        let told = try await harness.published(DeadLetterRetried.self).map(\.editedPayload)
        #expect(told.map { $0?.utf8.count } == [largest])
    }

    @Test func `G5: a discarded event is gone, and the next of its key follows`() async throws {
        let harness = try await stuckLedger()
        let letter = try #require(try await harness.deadLetters.list().first)
        try await harness.deadLetters.discard(
            letter.id, reason: "booked by hand", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == [2, 3])
        let discarded = try await harness.published(DeadLetterDiscarded.self)
        #expect(discarded.map(\.reason) == ["booked by hand"])
        #expect(discarded.map(\.eventID) == [letter.event.envelope.id])
        let story = try await harness.story(of: letter.event.envelope.id)
        #expect(story?.deliveries.first { $0.consumer == "ledger.bookings" }?.state == "discarded")
        // And a redelivery does not bring it back.
        try await harness.redeliverEverything()
        #expect(try await harness.bookings(of: "a") == [2, 3])
    }

    @Test func `retries all of a consumer at once`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        harness.module.world.fail("ledger.bookings/a/1", "ledger.bookings/b/1")
        for account in ["a", "b"] {
            try await harness.publish(Deposited(account: account, amount: 1))
        }
        try await harness.settle()
        harness.module.world.fail()
        let count = try await harness.deadLetters.retryAll(of: "ledger.bookings", by: "cli:test")
        #expect(count == 2)
        try await harness.settle()
        #expect(try await harness.deadLetters.list().isEmpty)
    }

    @Test func `names what is not there, or there twice`() async throws {
        let harness = try await ModuleHarness(LedgerModule.self, retry: patience)
        let letters = harness.deadLetters
        await #expect(throws: DeadLetterError.notFound) { try await letters.find(DeadLetterID()) }
        await #expect(throws: DeadLetterError.noSuchConsumer("ledger.nobody")) {
            try await letters.retryAll(of: "ledger.nobody", by: "cli:test")
        }
        harness.module.world.fail("ledger.bookings/a/1", "ledger.reports/a/1")
        let id = try await harness.publish(Deposited(account: "a", amount: 1))
        try await harness.settle()
        let event = DeadLetterID(id.uuid)
        await #expect(
            throws: DeadLetterError.ambiguous(consumers: ["ledger.bookings", "ledger.reports"])
        ) { try await letters.find(event) }
        let letter = try await letters.find(event, consumer: "ledger.reports")
        #expect(letter.consumer == "ledger.reports")
    }

    @Test(arguments: ["ledger.bookings", "ledger.reports"])
    func `G5: a consumer with too many parked events stops, says so, and drops none`(
        consumer: String
    ) async throws {
        var bus = BusSettings()
        bus.retry = patience
        bus.parkedCountMax = 3
        let harness = try await ModuleHarness(LedgerModule.self, bus: bus)
        harness.module.world.fail("\(consumer)/a/1")
        for amount in 1...6 { try await harness.publish(Deposited(account: "a", amount: amount)) }
        try await harness.settle()
        #expect(try await harness.parked(at: consumer).count == 3)
        #expect(harness.consumer(consumer)?.standing == .full(parkedCount: 3))
        // Others go on, and so does it when there is room again.
        harness.module.world.fail()
        _ = try await harness.deadLetters.retryAll(of: consumer, by: "cli:test")
        harness.time.advance(by: .seconds(2))
        try await harness.settle()
        harness.time.advance(by: .seconds(2))
        try await harness.settle()
        #expect(try await harness.bookings(of: "a") == Array(1...6))
        // The first report was made twice, at least once as promised.
        #expect(Set(harness.module.world.reports.map(\.amount)) == Set(1...6))
        #expect(harness.consumer(consumer)?.standing == .running)
    }
}

/// An operator acts on a dead letter while an attempt of it is under way.
@Suite(.serialized) struct `Dealing with an event that is being tried` {
    private static let consumer = "archive.letters"

    /// An archive that tries its dead letter, the deposit of 13, and what an operator does then.
    private func tried(
        isTroubled: Bool = true,
        meanwhile act: @escaping @Sendable (DeadLetters, DeadLetterID) async throws -> Void
    ) async throws -> (ModuleHarness<ArchiveModule>, DeadLetter) {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
        let letter = try #require(
            try await harness.deadLetters.list().first { $0.consumer == Self.consumer })
        harness.module.world.plan(isTroubled)
        try await harness.deadLetters.retry(letter.id, by: "cli:test")
        harness.module.world.meanwhile { try await act(harness.deadLetters, letter.id) }
        try await harness.settle()
        return (harness, letter)
    }

    @Test func `G5: its failure does not undo the edit, which is what is handled next`()
        async throws
    {
        let edited = Data(#"{"account": "account 6", "amount": 1300}"#.utf8)
        let (harness, _) = try await tried {
            try await $0.retry($1, payload: edited, by: "cli:test")
        }
        let sent = harness.module.world.sent.filter { $0 == 13 || $0 == 1_300 }
        #expect(sent == [13, 13, 1_300])
        #expect(try await harness.parked(at: Self.consumer).isEmpty)
        #expect(try await harness.count(of: "sent") == 150)
    }

    @Test func `G5: an edit holds for one that is in hand and waits for its turn`() async throws {
        var bus = BusSettings()
        bus.retryCountMax = 9
        let harness = try await ModuleHarness(ArchiveModule.self, bus: bus)
        let world = harness.module.world
        world.plan(true)
        // One more than are tried side by side.
        for number in 1...9 {
            try await harness.publish(Deposited(account: "account \(number)", amount: 13))
        }
        try await harness.settle()
        world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: Self.consumer, by: "cli:test")
        var filter = DeadLetters.Filter()
        (filter.consumer, filter.key, filter.includesLiving) = (Self.consumer, "account 9", true)
        let last = try #require(try await harness.deadLetters.list(filter).first)
        let edited = Data(#"{"account": "account 9", "amount": 1300}"#.utf8)
        world.meanwhile(count: 8) {
            // The one that is quickest makes room for the last, which is then gone for the others.
            _ = try? await harness.deadLetters.retry(last.id, payload: edited, by: "cli:test")
        }
        try await harness.settle()
        #expect(world.sent.sorted() == Array(repeating: 13, count: 9 + 8) + [1_300])
        #expect(try await harness.count(of: "sent") == 9)
    }

    @Test func `G5: its failure does not undo the wish to have it tried again`() async throws {
        let (harness, letter) = try await tried { try await $0.retry($1, by: "cli:test") }
        #expect(harness.module.world.sent.count { $0 == 13 } == 3)
        let left = try await harness.deadLetters.find(letter.id)
        #expect(left.state == "dead" && left.attempts == 3)
    }

    @Test(arguments: [true, false])
    func `G5: it may be discarded, and what came of it all the same is noted`(
        isFailing: Bool
    ) async throws {
        let (harness, letter) = try await tried(isTroubled: isFailing) {
            try await $0.discard($1, reason: nil, by: "cli:test")
        }
        #expect(try await harness.parked(at: Self.consumer).isEmpty, "the next ones follow")
        #expect(try await harness.count(of: "sent") == (isFailing ? 149 : 150))
        let id = letter.event.envelope.id
        #expect(
            try await harness.count(of: "sent", where: "event = '\(id)'") == (isFailing ? 0 : 1))
        let story = try await harness.story(of: id)
        #expect(story?.deliveries.first { $0.consumer == Self.consumer }?.state == "discarded")
        #expect(harness.module.world.sent.count { $0 == 13 } == 2, "it is not tried again")
    }
}
