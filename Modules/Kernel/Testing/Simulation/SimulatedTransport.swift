import EventBus
import Events
import Foundation
import Storage
import Synchronization

/// A transport in front of which accidents happen.
struct AccidentProneTransport: Transport {
    let base: any Transport
    let process: SimulatedProcess

    var reader: String? { base.reader }

    func open(_ log: OutboxLog, after position: Int64) async throws {
        try await base.open(log, after: position)
    }

    func send(_ batch: LogBatch) async throws -> Shipment {
        try await process.pass(.beforeHandOver, of: batch.log)
        let shipment = try await base.send(batch)
        return Shipment { [process] in
            try await shipment.arrived()
            try await process.pass(.afterHandOver, of: batch.log)
        }
    }

    func inflow(
        for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
    ) -> any Inflow {
        base.inflow(for: consumer, topics: topics, database: database, wake: wake)
    }
}

/// A broker as Kafka is one: topics of partitions, each an ordered log of its own that outlives
/// every process. Events of a key lie in one partition; those of different keys are mixed anew, and
/// what was sent twice lies there twice.
///
/// Every other batch stays with its producer until somebody waits for it or sends the next one, and
/// is lost with the producer.
final class SimulatedBroker: Transport {
    private struct State {
        var partitions: [String: [LoggedEvent]] = [:]
        var consumers: [(topics: Set<Topic>?, wake: Signal)] = []
        /// What has yet to come here, by log.
        var onItsWay: [String: [LoggedEvent]] = [:]
        var sendingCount = 0
    }

    private static let partitionCount = 3
    private let world: SimulatedWorld
    private let state = Mutex(State())

    init(world: SimulatedWorld) { self.world = world }

    var reader: String? { "broker" }

    func open(_ log: OutboxLog, after position: Int64) async throws {
        state.withLock { $0.onItsWay[log.module] = nil }
    }

    func send(_ batch: LogBatch) async throws -> Shipment {
        take(from: batch.log)
        // A producer's duplicate: the whole batch, or what came just before, comes once more.
        let events = batch.events + (world.isDuplicated() ? batch.events : [])
        let staysBehind = state.withLock { state in
            state.onItsWay[batch.log] = events
            state.sendingCount += 1
            return state.sendingCount.isMultiple(of: 2)
        }
        if !staysBehind { take(from: batch.log) }
        return Shipment { [self] in take(from: batch.log) }
    }

    /// Takes what a log's producer still has.
    private func take(from log: String) {
        let wakes = state.withLock { state -> [Signal] in
            guard let events = state.onItsWay.removeValue(forKey: log) else { return [] }
            for event in events {
                let key = event.envelope.key
                // Not `hashValue`, which differs from process to process.
                let partition =
                    key.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
                    % Self.partitionCount
                state.partitions["\(event.envelope.topic)/\(partition)", default: []]
                    .append(event)
            }
            return state.consumers.map(\.wake)
        }
        for wake in wakes { wake.raise() }
    }

    func inflow(
        for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
    ) -> any Inflow {
        state.withLock { $0.consumers.append((topics, wake)) }
        return BrokerInflow(broker: self, topics: topics)
    }

    fileprivate func streams(of topics: Set<Topic>?) -> [String] {
        state.withLock { state in
            state.partitions.keys.filter { stream in
                guard let topics else { return true }
                return topics.contains { stream.hasPrefix("\($0)/") }
            }.sorted()
        }
    }

    fileprivate func events(of stream: String) -> [LoggedEvent] {
        state.withLock { $0.partitions[stream] ?? [] }
    }
}

private struct BrokerInflow: Inflow {
    let broker: SimulatedBroker
    let topics: Set<Topic>?

    var streams: [String] { broker.streams(of: topics) }

    func head(of stream: String) -> Int64 { Int64(broker.events(of: stream).count) }

    func newest(of stream: String) -> Int64 { head(of: stream) }

    func floor(of stream: String) -> Int64 { 0 }

    func hold(_ stream: String, at offset: Int64, for consumer: String) {}

    func next(of stream: String, after offset: Int64, limit: Int) -> StreamBatch? {
        let events = broker.events(of: stream)
        guard Int(offset) < events.count else { return nil }
        let end = min(Int(offset) + limit, events.count)
        return StreamBatch(
            stream: stream, after: offset,
            items: (Int(offset)..<end).map {
                .init(offset: Int64($0) + 1, event: events[$0])
            })
    }
}
