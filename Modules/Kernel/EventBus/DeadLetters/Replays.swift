public import Events
public import Foundation
public import Storage

/// Has consumers hear again what they heard before, from the logs of the modules.
///
/// A request lies in the consumer's database; whichever process runs the consumer takes it up
/// within a second, while all other consumers go on.
public struct Replays: Sendable {
    private let registry: EventRegistry
    private let databases: [String: Database]
    private let modulesOfConsumers: [String: String]
    private let subscriptions: [String: Subscription]
    private let offsets: StreamOffsets
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - databases: each module's database.
    ///   - subscriptions: all consumers, with the module of each.
    ///   - offsets: where a consumer's streams are.
    public init(
        registry: EventRegistry, databases: [String: Database],
        subscriptions: [(module: String, subscription: Subscription)],
        offsets: StreamOffsets = .positions, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.registry = registry
        self.offsets = offsets
        self.databases = databases
        modulesOfConsumers = Dictionary(
            uniqueKeysWithValues: subscriptions.map { ($0.subscription.consumer, $0.module) })
        self.subscriptions = Dictionary(
            uniqueKeysWithValues: subscriptions.map { ($0.subscription.consumer, $0.subscription) })
        self.now = now
    }

    /// Where a replay begins.
    public enum Origin: Sendable, Hashable {
        /// With fresh state at the beginning of every log.
        case beginning
        /// With this event, and in the other logs with what was published since.
        case event(EventID)
        /// With what was published since that time.
        case time(Date)
    }

    /// How far a replay is.
    public struct Progress: Sendable, Codable, Hashable {
        /// The log that is read again.
        public let stream: String
        /// Positions to go through, 0 at least.
        public let total: Int64
        /// Positions gone through.
        public let done: Int64
        /// Whether the consumer has begun.
        public let hasBegun: Bool
        /// Whether the consumer has come to the end.
        public let hasEnded: Bool
    }

    /// Asks for a replay.
    ///
    /// - Throws: ``ReplayError``; `StorageError`.
    public func request(
        of consumer: String, from origin: Origin = .beginning, withEffects: Bool = false,
        by actor: String
    ) async throws {
        guard let subscription = subscriptions[consumer], let module = modulesOfConsumers[consumer],
            let database = databases[module]
        else { throw ReplayError.noSuchConsumer(consumer) }
        let isRebuild = origin == .beginning && subscription.reset != nil
        let streams = try await streams(of: subscription, in: database)
        var starts = try await starts(in: streams, from: origin, isRebuild: isRebuild)
        if case .refused = subscription.replay {
            // It may go forward, past events that are lost, but not back.
            starts = try await lost(among: streams, to: consumer, in: database)
            guard !starts.isEmpty else { throw ReplayError.refused(consumer) }
        }
        let requests = starts
        if origin != .beginning {
            let isGoingOn = try await progress(of: consumer).contains { !$0.hasEnded }
            guard !isGoingOn else { throw ReplayError.goingOn(consumer) }
        }
        let outbox = Outbox(module: module, committed: Signal(), now: now)
        let now = now()
        try await database.write { transaction in
            try transaction.execute(
                "DELETE FROM inbox_replays WHERE consumer = \(consumer) AND begun_at IS NULL")
            let number: Int64 =
                try transaction.first(
                    """
                    SELECT COALESCE(MAX(number), 0) + 1 AS number FROM inbox_replays
                    WHERE consumer = \(consumer)
                    """)?.get("number") ?? 1
            for (stream, position) in requests {
                try transaction.execute(
                    """
                    INSERT INTO inbox_replays
                        (consumer, number, stream, from_offset, to_offset, is_rebuild,
                         with_effects, requested_at)
                    VALUES (\(consumer), \(number), \(stream), \(position), 0, \(isRebuild),
                            \(withEffects), \(now))
                    """)
            }
            try outbox.publish(
                ConsumerReplayRequested(
                    consumer: consumer, isRebuild: isRebuild, withEffects: withEffects,
                    actor: actor, requestedAt: now), in: transaction)
        }
    }

    /// How far the last replay of a consumer is, log by log.
    ///
    /// - Throws: ``ReplayError/noSuchConsumer(_:)``; `StorageError`.
    public func progress(of consumer: String) async throws -> [Progress] {
        guard let module = modulesOfConsumers[consumer], let database = databases[module] else {
            throw ReplayError.noSuchConsumer(consumer)
        }
        return try await database.read { transaction in
            try transaction.rows(
                """
                SELECT r.stream, r.from_offset, r.to_offset, r.begun_at, r.ended_at, c.position
                FROM inbox_replays r LEFT JOIN inbox_cursors c
                    ON c.consumer = r.consumer AND c.stream = r.stream
                WHERE r.consumer = \(consumer) AND r.number = (
                    SELECT MAX(number) FROM inbox_replays WHERE consumer = r.consumer)
                ORDER BY r.stream
                """
            ).map { row in
                let from = try row.get("from_offset", as: Int64.self)
                let hasBegun = try row.get("begun_at", as: Date?.self) != nil
                let total = max(0, try row.get("to_offset", as: Int64.self) - from)
                let place = try row.get("position", as: Int64?.self) ?? from
                let hasEnded = try row.get("ended_at", as: Date?.self) != nil
                return Progress(
                    stream: try row.get("stream"), total: total,
                    done: hasEnded ? total : hasBegun ? min(max(0, place - from), total) : 0,
                    hasBegun: hasBegun, hasEnded: hasEnded)
            }
        }
    }

    /// What the consumer hears: the logs of modules, or what its own module has received.
    private func streams(
        of subscription: Subscription, in database: Database
    ) async throws -> [any ReplayedStream] {
        switch offsets {
        case .positions:
            return databases.sorted { $0.key < $1.key }
                .map { OutboxLog(module: $0.key, database: $0.value) }
                .filter { log in
                    registry.hearers(of: log.module)
                        .contains { $0.consumer == subscription.consumer }
                }
        case .received:
            return try await ReceivedStream.all(of: subscription.topics, in: database)
        }
    }

    /// The streams whose retention has dropped events that the consumer had not taken.
    private func lost(
        among streams: [any ReplayedStream], to consumer: String, in database: Database
    ) async throws -> [(stream: String, position: Int64)] {
        var lost: [(stream: String, position: Int64)] = []
        for stream in streams {
            let (name, floor) = (stream.name, try await stream.floor())
            let place = try await database.read {
                try Inbox(consumer: consumer, transaction: $0).cursor(of: name)
            }
            if let place, place < floor { lost.append((name, floor)) }
        }
        return lost
    }

    /// The position after which each stream is read again.
    private func starts(
        in streams: [any ReplayedStream], from origin: Origin, isRebuild: Bool
    ) async throws -> [(stream: String, position: Int64)] {
        var event: (stream: String, position: Int64, time: Date)?
        if case .event(let id) = origin {
            for stream in streams where event == nil {
                if let (position, time) = try await stream.place(of: id) {
                    event = (stream.name, position, time)
                }
            }
            guard event != nil else { throw ReplayError.noSuchEvent(id) }
        }
        var starts: [(stream: String, position: Int64)] = []
        for stream in streams {
            let floor = try await stream.floor()
            switch origin {
            case .beginning:
                guard !isRebuild || floor == 0 else {
                    throw ReplayError.eventsDropped(log: stream.name, upTo: floor)
                }
                starts.append((stream.name, floor))
            case .event:
                if let event, event.stream == stream.name {
                    starts.append((stream.name, event.position - 1))
                } else if let time = event?.time {
                    starts.append((stream.name, try await stream.position(before: time)))
                }
            case .time(let time):
                starts.append((stream.name, try await stream.position(before: time)))
            }
        }
        return starts
    }
}

/// Why a replay was not begun.
public enum ReplayError: Error, Hashable {
    /// No consumer of that name runs on these databases.
    case noSuchConsumer(String)
    /// The consumer's module says that its handlers rely on hearing each event once.
    case refused(String)
    /// One goes on, and only one from the beginning can take its place.
    case goingOn(String)
    /// No log that the consumer hears has that event.
    case noSuchEvent(EventID)
    /// Retention has dropped events that the consumer's state was built from.
    case eventsDropped(log: String, upTo: Int64)
}
