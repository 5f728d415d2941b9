import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@Suite struct `Sending to a broker` {
    /// A broker, or none, that notes how many events came at a time.
    private final class Recorder: Transport {
        let reader: String?
        /// The sendings that are refused, counted from 0.
        private let refused: Set<Int>
        private let sendingCount = Atomic(0)
        private let batches = Mutex<[LogBatch]>([])

        init(isBroker: Bool, refusing refused: Set<Int>) {
            reader = isBroker ? "broker" : nil
            self.refused = refused
        }

        var counts: [Int] { batches.withLock { $0.map(\.events.count) } }
        var positions: [Int64] { batches.withLock { $0.flatMap { $0.events.map(\.position) } } }

        func open(_ log: OutboxLog, after position: Int64) async throws {}
        func send(_ batch: LogBatch) async throws {
            let number = sendingCount.add(1, ordering: .relaxed).oldValue
            if refused.contains(number) { throw Refused() }
            batches.withLock { $0.append(batch) }
        }
        func inflow(
            for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
        ) -> any Inflow {
            InProcessTransport(topics: [:])
                .inflow(for: consumer, topics: topics, database: database, wake: wake)
        }
    }

    private struct Refused: Error {}

    /// Relays so many events that were published before; the counts of each sending.
    private func sent(
        _ count: Int, isBroker: Bool = true, refusing refused: Set<Int> = [],
        _ change: (inout BusSettings) -> Void = { _ in }
    ) async throws -> [Int] {
        var settings = BusSettings()
        change(&settings)
        let directory = try TemporaryDirectory()
        let database = try Database(
            module: "bank",
            at: try await StorageEngine.preferred.makeURL(in: directory))
        try await database.migrate(Bus.migrations)
        let outbox = Outbox(module: "bank", committed: Signal(), now: { Date() })
        let environment = BusEnvironment(settings: settings)
        let leases = LeaseKeeper(module: "bank", database: database, environment: environment)
        let recorder = Recorder(isBroker: isBroker, refusing: refused)
        let relay = Relay(
            log: OutboxLog(module: "bank", database: database), transport: recorder,
            committed: Signal(), leases: leases, environment: environment)
        try await leases.step()
        // In process, what was there before the relay is left to the log.
        if !isBroker { _ = try await relay.step() }
        try await database.write { transaction in
            for amount in 1...count {
                try outbox.publish(Deposited(account: "a", amount: amount), in: transaction)
            }
        }
        var refusedCount = 0
        while true {
            do {
                guard try await relay.step().hasMore else { break }
            } catch is Refused { refusedCount += 1 }
        }
        #expect(refusedCount == refused.count)
        #expect(recorder.positions.count == count)
        #expect(recorder.positions == Set(recorder.positions).sorted())
        await leases.release()
        await database.close()
        return recorder.counts
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
