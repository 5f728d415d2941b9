public import Events
public import Foundation
import Metrics
import Storage
import Synchronization

extension Bus {
    /// What waits in one module's log for at least one consumer of this process, of one type.
    public struct PendingEvents: Sendable {
        /// The module that published them.
        public let module: String
        /// The type that they share.
        public let type: EventType
        /// How many wait, at least 1; of a log far behind, those among its next 10 000 events.
        public let count: Int
        /// When the oldest of them was published.
        public let oldest: Date
    }

    /// How one consumer is doing.
    public struct ConsumerStatus: Sendable {
        /// Its module.
        public let module: String
        /// `<module>.<purpose>`.
        public let consumer: String
        /// What it is doing.
        public let standing: ConsumerStanding
        /// Its place in each stream.
        public let streams: [Stream]
        /// Events that it hears and has not taken; of a log far behind, those among its next
        /// 10 000 events and all beyond.
        public let backlogEventCount: Int64
        /// Age of the oldest event that it hears and has not taken; 0 when it has caught up.
        public let backlogSeconds: Double
        /// Events that are tried again.
        public let retryingCount: Int
        /// Events behind those, or behind dead letters.
        public let waitingCount: Int
        /// Events that are no longer tried.
        public let deadCount: Int
        /// When the oldest parked event was published.
        public let oldestParked: Date?
        /// The handler calls that have run longer than they may.
        public let overdue: [Overdue]

        /// A consumer's place in one stream.
        public struct Stream: Sendable {
            /// The module whose log it is.
            public let stream: String
            /// Everything up to here is taken.
            public let position: Int64
            /// The newest event.
            public let head: Int64
        }

        /// A handler call that has run longer than it may.
        public struct Overdue: Sendable {
            /// The event that it was called for.
            public let eventID: EventID
            /// The type of that event.
            public let type: EventType
            /// How long it has run.
            public let seconds: Double
        }
    }

    /// The events that some consumer has not taken yet, by type.
    ///
    /// - Throws: `StorageError`.
    public func pendingEvents() async throws -> [PendingEvents] {
        var pending: [PendingEvents] = []
        for (module, member) in members.sorted(by: { $0.key < $1.key }) {
            if let reader = transport.reader {
                pending += try await unsent(by: reader, of: member)
                continue
            }
            var places: [String: Int64] = [:]
            for consumer in consumers {
                places[consumer.name] = try await consumer.takenPosition(in: module)
            }
            // Each type waits from the place of the slowest consumer that hears it.
            var types: [Int64: [EventType]] = [:]
            for entry in registry.entries where entry.sources.contains(module) {
                guard let slowest = entry.consumers.compactMap({ places[$0] }).min() else {
                    continue
                }
                types[slowest, default: []].append(entry.type)
            }
            for (place, types) in types.sorted(by: { $0.key < $1.key }) {
                for backlog in try await member.log.backlog(after: place).types
                where types.contains(backlog.type) {
                    pending.append(
                        PendingEvents(
                            module: module, type: backlog.type, count: backlog.count,
                            oldest: backlog.oldest))
                }
            }
        }
        return pending
    }

    /// What a broker has not got yet.
    private func unsent(by reader: String, of member: Member) async throws -> [PendingEvents] {
        let log = member.log
        let place = try await log.readers().first { $0.name == reader }?.position ?? 0
        return try await log.backlog(after: place).types.map {
            PendingEvents(module: log.module, type: $0.type, count: $0.count, oldest: $0.oldest)
        }
    }

    /// How every consumer of this process is doing.
    ///
    /// - Throws: `StorageError`.
    public func consumerStatus() async throws -> [ConsumerStatus] {
        var status: [ConsumerStatus] = []
        for consumer in consumers { try await status.append(self.status(of: consumer)) }
        return status
    }

    /// When the oldest event of each type was published that is parked somewhere.
    ///
    /// - Throws: `StorageError`.
    public func oldestParkedEvents() async throws -> [EventType: Date] {
        var oldest: [EventType: Date] = [:]
        for member in members.values {
            let times = try await member.database.read { transaction in
                try transaction.rows(
                    "SELECT type, MIN(time) AS oldest FROM inbox_parked GROUP BY type"
                ).map {
                    (try $0.get("type", as: EventType.self), try $0.get("oldest", as: Date.self))
                }
            }
            for (type, time) in times { oldest[type] = min(oldest[type] ?? time, time) }
        }
        return oldest
    }

    private func status(of consumer: Consumer) async throws -> ConsumerStatus {
        let now = environment.now()
        var streams: [ConsumerStatus.Stream] = []
        var (count, oldest): (Int64, Date?) = (0, nil)
        for stream in try await consumer.inflow.streams {
            let place = try await consumer.takenPosition(in: stream) ?? 0
            let lag = transport.lag(of: stream, for: consumer.module)
            let head = try await consumer.inflow.newest(of: stream) + lag
            streams.append(.init(stream: stream, position: place, head: head))
            count += lag
            guard place < head else { continue }
            let backlog = try await backlog(of: consumer, in: stream, after: place)
            for entry in backlog.types where consumer.subscription.hears(entry.type) {
                count += Int64(entry.count)
                oldest = min(oldest ?? entry.oldest, entry.oldest)
            }
            count += backlog.beyondCount
        }
        let parked = try await consumer.parkedCounts()
        return ConsumerStatus(
            module: consumer.module, consumer: consumer.name,
            standing: try await standing(
                of: consumer, parkedCount: parked.counts.values.reduce(0, +), streams: streams),
            streams: streams, backlogEventCount: count,
            backlogSeconds: oldest.map { max(0, now.timeIntervalSince($0)) } ?? 0,
            retryingCount: parked.counts[.retrying, default: 0],
            waitingCount: parked.counts[.waiting, default: 0],
            deadCount: parked.counts[.dead, default: 0], oldestParked: parked.oldest,
            overdue: consumer.overdue())
    }

    private func backlog(
        of consumer: Consumer, in stream: String, after place: Int64
    ) async throws -> OutboxLog.Backlog {
        switch consumer.inflow.offsets {
        case .positions:
            try await members[stream]?.log.backlog(after: place)
                ?? OutboxLog.Backlog(types: [], beyondCount: 0)
        case .received:
            try await consumer.database.backlog(ofReceived: stream, after: place)
        }
    }

    /// What a consumer is doing; where another process runs it, as far as the databases tell.
    private func standing(
        of consumer: Consumer, parkedCount: Int, streams: [ConsumerStatus.Stream]
    ) async throws -> ConsumerStanding {
        let known = consumer.standing
        guard !isRun, known == .standby, try await consumer.isRunSomewhere() else { return known }
        let isBehind = streams.contains { $0.position < $0.head }
        if parkedCount >= environment.settings.parkedCountMax, isBehind {
            return .full(parkedCount: parkedCount)
        }
        for stream in streams {
            let floor = try await consumer.inflow.floor(of: stream.stream)
            if stream.position < floor {
                return .eventsLost(log: stream.stream, after: stream.position, upTo: floor)
            }
        }
        return .running
    }

    /// Sets the gauges that are computed rather than counted; called before each scrape.
    ///
    /// - Throws: `StorageError`.
    public func recordBacklog() async throws {
        let pending = try await pendingEvents()
        let now = environment.now()
        let members = members
        for entry in registry.entries {
            // What the bus itself says may be in every module's log.
            for module in entry.sources where members[module] != nil {
                let waiting = pending.first { $0.type == entry.type && $0.module == module }
                let dimensions = [("module", module), ("event_type", entry.type.rawValue)]
                Gauge(label: "flotilla.outbox.pending_events", dimensions: dimensions)
                    .record(waiting?.count ?? 0)
                Gauge(label: "flotilla.outbox.oldest_pending_seconds", dimensions: dimensions)
                    .record(waiting.map { max(0, now.timeIntervalSince($0.oldest)) } ?? 0)
            }
        }
        for status in try await consumerStatus() {
            let consumer = [("consumer", status.consumer)]
            Gauge(label: "flotilla.inbox.backlog_events", dimensions: consumer)
                .record(Double(status.backlogEventCount))
            Gauge(label: "flotilla.inbox.backlog_seconds", dimensions: consumer)
                .record(status.backlogSeconds)
            Gauge(label: "flotilla.inbox.stopped", dimensions: consumer)
                .record(status.standing.isStopped ? 1 : 0)
            Gauge(label: "flotilla.inbox.overdue_handlers", dimensions: consumer)
                .record(status.overdue.count)
            let counts = [
                (ParkedState.retrying, status.retryingCount), (.waiting, status.waitingCount),
                (.dead, status.deadCount),
            ]
            for (state, count) in counts {
                Gauge(
                    label: "flotilla.inbox.parked_events",
                    dimensions: consumer + [("state", state.rawValue)]
                ).record(count)
            }
        }
    }
}

extension Consumer {
    /// How far this consumer has taken a stream; `nil` when it does not hear it, or begins with
    /// what comes.
    func takenPosition(in stream: String) async throws -> Int64? {
        guard try await hears(stream: stream) else { return nil }
        if let known = state.withLock({ $0.places[stream] }) { return known }
        if let stored = try await storedPlace(in: stream) { return stored }
        // It has not looked yet; from the beginning means that everything waits for it.
        switch subscription.start {
        case .beginning: return try await inflow.floor(of: stream)
        case .now: return nil
        }
    }

    /// Whether some process holds this consumer's lease.
    fileprivate func isRunSomewhere() async throws -> Bool {
        let now = environment.now()
        return try await read { inbox in
            try inbox.transaction.first(
                """
                SELECT 1 AS one FROM bus_leases WHERE name = \(inbox.consumer)
                    AND expires_at > \(now) AND NOT is_released
                """) != nil
        }
    }

    fileprivate func parkedCounts() async throws -> (counts: [ParkedState: Int], oldest: Date?) {
        try await read { inbox in
            let rows = try inbox.transaction.rows(
                """
                SELECT state, COUNT(*) AS n, MIN(time) AS oldest FROM inbox_parked
                WHERE consumer = \(inbox.consumer) GROUP BY state
                """)
            var counts: [ParkedState: Int] = [:]
            var oldest: Date?
            for row in rows {
                counts[try row.get("state")] = try row.get("n")
                let time = try row.get("oldest", as: Date.self)
                oldest = min(oldest ?? time, time)
            }
            return (counts, oldest)
        }
    }
}
