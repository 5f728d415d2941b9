import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@Suite struct `Sending to a broker` {
    /// A broker, or none, that notes what came, and what it said of it.
    private final class Recorder: Transport {
        let reader: String?
        /// The sendings that are refused, counted from 0.
        private let refused: Set<Int>
        /// Those that are taken, and then don't arrive.
        private let lost: Set<Int>
        private let sendingCount = Atomic(0)
        private let state = Mutex<(batches: [LogBatch], story: [String])>(([], []))

        init(isBroker: Bool, refusing refused: Set<Int>, losing lost: Set<Int>) {
            reader = isBroker ? "broker" : nil
            self.refused = refused
            self.lost = lost
        }

        var counts: [Int] { state.withLock { $0.batches.map(\.events.count) } }
        var positions: [Int64] {
            state.withLock { $0.batches.flatMap { $0.events.map(\.position) } }
        }
        var story: [String] { state.withLock(\.story) }

        func open(_ log: OutboxLog, after position: Int64) async throws {}
        func send(_ batch: LogBatch) async throws -> Shipment {
            let number = sendingCount.add(1, ordering: .relaxed).oldValue
            if refused.contains(number) { throw Refused() }
            state.withLock { state in
                state.batches.append(batch)
                state.story.append("\(number) sent")
            }
            return Shipment { [self] in
                if lost.contains(number) { throw Refused() }
                state.withLock { $0.story.append("\(number) arrived") }
            }
        }
        func inflow(
            for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
        ) -> any Inflow {
            InProcessTransport(topics: [:])
                .inflow(for: consumer, topics: topics, database: database, wake: wake)
        }
    }

    private struct Refused: Error {}

    /// What became of a log.
    private struct Sent {
        /// The events of each sending.
        var counts: [Int]
        var positions: [Int64]
        var story: [String]
        /// The relay's place after each step.
        var places: [Int64]
        var refusedCount: Int
    }

    /// Relays so many events that were published before.
    private func relay(
        _ count: Int, isBroker: Bool = true, refusing refused: Set<Int> = [],
        losing lost: Set<Int> = [], _ change: (inout BusSettings) -> Void = { _ in }
    ) async throws -> Sent {
        var settings = BusSettings()
        // Nobody renews it here.
        settings.leaseDuration = .seconds(600)
        change(&settings)
        let directory = try TemporaryDirectory()
        let database = try Database(
            module: "bank",
            at: try await StorageEngine.preferred.makeURL(in: directory))
        try await database.migrate(Bus.migrations)
        let outbox = Outbox(module: "bank", committed: Signal(), now: { Date() })
        let environment = BusEnvironment(settings: settings)
        let leases = LeaseKeeper(module: "bank", database: database, environment: environment)
        let recorder = Recorder(isBroker: isBroker, refusing: refused, losing: lost)
        let log = OutboxLog(module: "bank", database: database)
        let relay = Relay(
            log: log, transport: recorder, committed: Signal(), leases: leases,
            environment: environment)
        try await leases.step()
        // In process, what was there before the relay is left to the log.
        if !isBroker { _ = try await relay.step() }
        try await database.write { transaction in
            for amount in 1...count {
                try outbox.publish(Deposited(account: "a", amount: amount), in: transaction)
            }
        }
        var refusedCount = 0
        var places: [Int64] = []
        var hasMore = true
        while hasMore {
            do {
                hasMore = try await relay.step().hasMore
                places.append(try await log.readers().first?.position ?? 0)
            } catch is Refused { refusedCount += 1 }
        }
        await leases.release()
        await database.close()
        return Sent(
            counts: recorder.counts, positions: recorder.positions, story: recorder.story,
            places: places, refusedCount: refusedCount)
    }

    /// The counts of sendings that neither skip nor repeat anything.
    private func sent(
        _ count: Int, isBroker: Bool = true, refusing refused: Set<Int> = [],
        _ change: (inout BusSettings) -> Void = { _ in }
    ) async throws -> [Int] {
        let sent = try await relay(count, isBroker: isBroker, refusing: refused, change)
        #expect(sent.refusedCount == refused.count)
        #expect(sent.positions.count == count)
        #expect(sent.positions == Set(sent.positions).sorted())
        return sent.counts
    }

    @Test func `has the next window on its way when one arrives, and notes what has arrived`()
        async throws
    {
        let sent = try await relay(250) { $0.windowCountMax = 100 }
        #expect(
            sent.story == [
                "0 sent", "1 sent", "0 arrived", "2 sent", "1 arrived", "2 arrived",
            ])
        #expect(sent.places == [0, 100, 250])
    }

    /// The last one's loss is met by nothing that comes after it.
    @Test(arguments: [
        (0, [100, 100, 100, 100, 50], ["0 sent", "1 sent", "2 sent", "3 sent"]),
        (1, [100, 100, 50, 100, 50], ["0 sent", "1 sent", "0 arrived", "2 sent"]),
        (2, [100, 100, 50, 50], ["0 sent", "1 sent", "0 arrived", "2 sent"]),
    ])
    func `sends what got lost on its way once more, with what came after it`(
        lost: Int, counts: [Int], start: [String]
    ) async throws {
        let sent = try await relay(250, losing: [lost]) { $0.windowCountMax = 100 }
        #expect(sent.refusedCount == 1)
        #expect(sent.counts == counts)
        #expect(Array(sent.story.prefix(4)) == start)
        #expect(sent.places.last == 250)
        // The first time of each event comes after that of those before it.
        var seen: Set<Int64> = []
        #expect(sent.positions.filter { seen.insert($0).inserted } == Array(1...250))
    }

    @Test func `takes what lies in the log at once, up to the window`() async throws {
        #expect(try await sent(250) == [250])
        #expect(try await sent(250) { $0.windowCountMax = 200 } == [200, 50])
    }

    @Test func `takes no further batch beyond the window's bytes`() async throws {
        #expect(try await sent(250) { $0.windowByteCountMax = 1 } == [100, 100, 50])
    }

    @Test(arguments: [[0], [1], [0, 1, 2], [1, 3], [2]] as [Set<Int>])
    func `skips and repeats nothing when a window is refused while the next one is read`(
        refused: Set<Int>
    ) async throws {
        #expect(
            try await sent(250, refusing: refused) { $0.windowCountMax = 100 } == [100, 100, 50])
    }

    @Test func `is more than consumers in process take`() async throws {
        #expect(try await sent(250, isBroker: false) == [100, 100, 50])
    }
}
