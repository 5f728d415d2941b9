package import Events
import Foundation
package import Storage
import Synchronization

/// Carries events between the modules of one process.
///
/// The logs themselves are the durable medium: a batch that a relay sends is kept in memory only as
/// long as it is among the newest, so that consumers which keep up need not read it again; one that
/// fell behind reads from the log after its own position. Memory is bounded however far it fell.
package final class InProcessTransport: Transport {
    private struct Source {
        let log: OutboxLog
        private(set) var head: Int64
        /// The newest events, contiguous up to `head`; none between `tailAfter` and the first.
        private(set) var tail: [LoggedEvent] = []
        private(set) var tailAfter: Int64
        private var byteCount = 0

        /// What is kept in memory of a source, in events and in bytes of their payloads.
        private static let countMax = 1_024
        private static let byteCountMax = 4 * 1_024 * 1_024

        init(log: OutboxLog, head: Int64) {
            self.log = log
            self.head = head
            tailAfter = head
        }

        mutating func append(_ batch: LogBatch) {
            head = batch.upTo
            tail += batch.events
            byteCount += batch.events.reduce(0) { $0 + $1.envelope.data.count }
            var surplus = 0
            while tail.count - surplus > Self.countMax || byteCount > Self.byteCountMax {
                byteCount -= tail[surplus].envelope.data.count
                surplus += 1
            }
            guard surplus > 0 else { return }
            tailAfter = tail[surplus - 1].position
            tail.removeFirst(surplus)
        }
    }

    private struct State {
        var sources: [String: Source] = [:]
        var consumers: [(topics: Set<Topic>?, wake: Signal)] = []
    }

    private let state = Mutex(State())
    private let topics: [Topic: Set<String>]

    package var reader: String? { nil }

    /// - Parameter topics: the modules that publish to each topic.
    package init(topics: [Topic: Set<String>]) { self.topics = topics }

    package func open(_ log: OutboxLog, after position: Int64) async throws {
        let wakes = state.withLock { state in
            state.sources[log.module] = Source(log: log, head: position)
            return state.consumers.map(\.wake)
        }
        for wake in wakes { wake.raise() }
    }

    package func send(_ batch: LogBatch) async throws -> Shipment {
        let batchTopics = Set(batch.events.map(\.envelope.topic))
        let wakes = try state.withLock { state -> [Signal] in
            guard state.sources[batch.log]?.head == batch.after else {
                throw TransportError.notContiguous(log: batch.log, after: batch.after)
            }
            // In its place: taken out, it would be copied.
            state.sources[batch.log]?.append(batch)
            return state.consumers
                .filter { $0.topics.map { !$0.isDisjoint(with: batchTopics) } ?? true }
                .map(\.wake)
        }
        for wake in wakes { wake.raise() }
        return .arrived
    }

    package func inflow(
        for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
    ) -> any Inflow {
        state.withLock { $0.consumers.append((topics, wake)) }
        return InProcessInflow(
            transport: self,
            modules: topics.map { $0.reduce(into: []) { $0.formUnion(self.topics[$1] ?? []) } })
    }

    fileprivate func sources(among modules: Set<String>?) -> [String] {
        state.withLock { state in
            state.sources.keys.filter { modules?.contains($0) ?? true }.sorted()
        }
    }

    fileprivate func log(of module: String) -> OutboxLog? {
        state.withLock { $0.sources[module]?.log }
    }

    fileprivate func next(
        of module: String, after position: Int64, limit: Int
    ) async throws -> StreamBatch? {
        enum Place {
            case caughtUp
            case inMemory([LoggedEvent])
            case behind(OutboxLog, head: Int64)
        }
        let place = state.withLock { state -> Place in
            guard let source = state.sources[module], source.head > position else {
                return .caughtUp
            }
            guard source.tailAfter <= position else {
                return .behind(source.log, head: source.head)
            }
            let index = source.tail.firstIndex { $0.position > position } ?? source.tail.endIndex
            return .inMemory(Array(source.tail[index...].prefix(limit)))
        }
        switch place {
        case .caughtUp:
            return nil
        case .inMemory(let events):
            return StreamBatch(log: module, after: position, events: events)
        case .behind(let log, let head):
            let events = try await log.events(after: position, upTo: head, limit: limit)
            return StreamBatch(log: module, after: position, events: events)
        }
    }
}

/// Why a transport did not take a batch.
package enum TransportError: Error, Hashable {
    /// The batch does not follow the one before it.
    case notContiguous(log: String, after: Int64)
}

private struct InProcessInflow: Inflow {
    let transport: InProcessTransport
    let modules: Set<String>?

    var streams: [String] { transport.sources(among: modules) }

    /// As the log itself says: another process may have taken more of it than this one has seen.
    func head(of stream: String) async throws -> Int64 {
        try await transport.log(of: stream)?.head() ?? 0
    }

    func newest(of stream: String) async throws -> Int64 {
        try await transport.log(of: stream)?.newest() ?? 0
    }

    func floor(of stream: String) async throws -> Int64 {
        try await transport.log(of: stream)?.floor() ?? 0
    }

    func hold(_ stream: String, at offset: Int64, for consumer: String) async throws {
        try await transport.log(of: stream)?.note(consumer, at: offset, now: Date())
    }

    func next(of stream: String, after offset: Int64, limit: Int) async throws -> StreamBatch? {
        try await transport.next(of: stream, after: offset, limit: limit)
    }
}
