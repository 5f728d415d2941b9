public import Events
public import Foundation
import Metrics
import Storage

extension Bus {
    /// What waits in one module's log for at least one consumer of this process.
    public struct PendingEvents: Sendable {
        /// The module that published them.
        public let module: String
        /// The type that they share.
        public let type: EventType
        /// How many wait, at least 1.
        public let count: Int
        /// When the oldest of them was published.
        public let oldest: Date
    }

    /// The events that some consumer has not taken yet, by type.
    ///
    /// - Throws: `StorageError`.
    public func pendingEvents() async throws -> [PendingEvents] {
        var pending: [PendingEvents] = []
        for (module, database) in databases {
            let log = OutboxLog(module: module, database: database)
            guard let position = try await slowestPosition(in: module) else { continue }
            for backlog in try await log.backlog(after: position) {
                let entry = registry.entries.first { $0.type == backlog.type }
                guard entry?.consumers.isEmpty == false else { continue }
                pending.append(
                    PendingEvents(
                        module: module, type: backlog.type, count: backlog.count,
                        oldest: backlog.oldest))
            }
        }
        return pending
    }

    private func slowestPosition(in module: String) async throws -> Int64? {
        var slowest: Int64?
        for consumer in consumers {
            guard let position = try await consumer.takenPosition(in: module) else { continue }
            slowest = min(slowest ?? position, position)
        }
        return slowest
    }

    /// How many events wait behind a failed one, by consumer.
    ///
    /// - Throws: `StorageError`.
    public func parkedEventCounts() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for consumer in consumers {
            counts[consumer.subscription.consumer] = try await consumer.parkedCount()
        }
        return counts
    }

    /// Sets the gauges that are computed rather than counted; called before each scrape.
    ///
    /// - Throws: `StorageError`.
    public func recordBacklog() async throws {
        let pending = try await pendingEvents()
        let now = environment.now()
        for entry in registry.entries where databases[entry.publisher] != nil {
            let waiting = pending.first { $0.type == entry.type }
            let dimensions = [("module", entry.publisher), ("event_type", entry.type.rawValue)]
            Gauge(label: "flotilla.outbox.pending_events", dimensions: dimensions)
                .record(waiting?.count ?? 0)
            Gauge(label: "flotilla.outbox.oldest_pending_seconds", dimensions: dimensions)
                .record(waiting.map { max(0, now.timeIntervalSince($0.oldest)) } ?? 0)
        }
        for (consumer, count) in try await parkedEventCounts() {
            Gauge(label: "flotilla.inbox.parked_events", dimensions: [("consumer", consumer)])
                .record(count)
        }
    }
}

extension Consumer {
    fileprivate func takenPosition(in source: String) async throws -> Int64? {
        guard await hears(source: source) else { return nil }
        if let position = try await position(in: source) { return position }
        // It has not looked yet; from the beginning means that everything waits for it.
        switch subscription.start {
        case .beginning: return 0
        case .now: return nil
        }
    }

    fileprivate func parkedCount() async throws -> Int {
        let consumer = subscription.consumer
        return try await database.read { transaction in
            try transaction.first(
                "SELECT COUNT(*) AS n FROM inbox_parked WHERE consumer = \(consumer)")?
                .get("n") ?? 0
        }
    }
}
