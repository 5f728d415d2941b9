import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Hearing again in trouble` {
    /// What the archive holds of the deposits from 1 to 150 but one.
    private func sums(without missing: Int? = nil) -> [String: Int] {
        (1...150).filter { $0 != missing }
            .reduce(into: [:]) { $0["account \($1 % 7)", default: 0] += $1 }
    }

    @Test func `G2: dead letters stay parked through a rebuild, and are handled once after it`()
        async throws
    {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
        let parked = try await harness.parked(at: "archive.sums")
        #expect(parked.map(\.state) == ["dead"] + Array(repeating: "waiting", count: 19))
        harness.module.world.plan(false)
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.parked(at: "archive.sums") == parked)
        _ = try await harness.deadLetters.retryAll(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.parked(at: "archive.sums").isEmpty)
        #expect(try await harness.sums() == sums())
        // Another rebuild hears them where they were published, and says none of them again.
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        try await harness.settle()
        #expect(try await harness.sums() == sums())
        #expect(try await harness.published(Booked.self).map(\.sum).sorted() == Array(1...150))
    }

    @Test func `G5: a discarded event stays discarded through a rebuild`() async throws {
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true)
        let letter = try #require(
            try await harness.deadLetters.list().first { $0.consumer == "archive.sums" })
        try await harness.deadLetters.discard(letter.id, reason: nil, by: "cli:test")
        try await harness.settle()
        harness.module.world.plan(false)
        for _ in 1...2 {
            try await harness.replays.request(of: "archive.sums", by: "cli:test")
            try await harness.settle()
            #expect(try await harness.sums() == sums(without: 13))
        }
        let story = try await harness.story(of: letter.event.envelope.id)
        #expect(story?.deliveries.first { $0.consumer == "archive.sums" }?.state == "discarded")
        #expect(try await harness.published(Booked.self).count == 149)
    }

    @Test(arguments: [false, true])
    func `a full consumer keeps its state until there is room to build it anew`(
        hasRestarted: Bool
    ) async throws {
        var bus = BusSettings()
        bus.parkedCountMax = 3
        let (harness, _) = try await ModuleHarness.archive(isTroubled: true, bus: bus)
        #expect(harness.consumer("archive.sums")?.standing == .full(parkedCount: 3))
        // Nobody but its closure would touch this.
        try await harness.database.write {
            try $0.execute("INSERT INTO sums (account, sum) VALUES ('kept', 1)")
        }
        let before = try await harness.sums()
        try await harness.replays.request(of: "archive.sums", by: "cli:test")
        if hasRestarted { try await harness.restart() }
        try await harness.settle()
        #expect(try await harness.sums() == before)
        let waiting = try await harness.replays.progress(of: "archive.sums")
        #expect(waiting.allSatisfy { !$0.hasBegun })
        #expect(harness.consumer("archive.sums")?.standing == .full(parkedCount: 3))

        harness.module.world.plan(false)
        _ = try await harness.deadLetters.retryAll(of: "archive.sums", by: "cli:test")
        for _ in 1...3 {
            harness.time.advance(by: .seconds(2))
            try await harness.settle()
        }
        #expect(try await harness.replays.progress(of: "archive.sums").allSatisfy { $0.hasEnded })
        #expect(try await harness.sums() == sums())
        #expect(try await harness.published(Booked.self).count == 150)
    }
}
