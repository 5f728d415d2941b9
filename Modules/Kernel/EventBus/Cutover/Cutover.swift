import Events
public import Foundation
public import Storage

/// Moves a module's consumers from one transport to another while the system runs, and back.
///
/// Both ways carry the same log, and a consumer knows by position and key what it has handled,
/// whichever way brought it. So neither the moment of the change nor what comes twice around it
/// matters; what is to be made sure is that the new way has everything before the old one is left.
/// A process with the new transport may run beside the old one from the start: it receives, and its
/// consumers wait until they are routed to it.
public struct Cutover: Sendable {
    /// The transport within one process, as routes name it.
    public static let inProcess = "in-process"
    /// The transport over a broker, as routes name it.
    public static let broker = "kafka"

    /// The module that moves.
    public let module: String
    private let database: Database
    private let consumers: [Subscription]
    let publishers: [OutboxLog]
    private let topicsOfPublishers: [String: Set<Topic>]
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - subscriptions: the module's.
    ///   - databases: each module's database, also of those that publish what the module hears.
    public init(
        module: String, subscriptions: [Subscription], registry: EventRegistry,
        databases: [String: Database], now: @escaping @Sendable () -> Date = { Date() }
    ) throws(CutoverError) {
        guard let database = databases[module], !subscriptions.isEmpty else {
            throw .hearsNothing(module)
        }
        self.module = module
        self.database = database
        consumers = subscriptions
        self.now = now
        let names = Set(subscriptions.map(\.consumer))
        let heard = registry.modules.filter { publisher in
            registry.hearers(of: publisher).contains { names.contains($0.consumer) }
        }
        let missing = heard.filter { databases[$0] == nil }
        guard missing.isEmpty else { throw .unreachable(missing) }
        publishers = heard.compactMap { name in
            databases[name].map { OutboxLog(module: name, database: $0) }
        }
        let published = registry.publishersByTopic
        topicsOfPublishers = Dictionary(
            uniqueKeysWithValues: heard.map { name in
                (name, Set(published.filter { $0.value.contains(name) }.keys))
            })
    }

    /// Where everything stands.
    public struct Standing: Sendable, Encodable {
        /// The consumers and what brings them their events; `nil` where nobody has said so.
        public let routes: [String: String?]
        /// The logs that the module hears.
        public let logs: [Log]

        /// One log on both ways.
        public struct Log: Sendable, Encodable {
            /// The publishing module.
            public let log: String
            /// Its last position.
            public let newest: Int64
            /// Up to where the broker has it; `nil` while it is not sent there.
            public let sent: Int64?
            /// The last position that the module has received from the broker; 0 for none.
            public let received: Int64
            /// Up to where each consumer has taken the log itself.
            public let taken: [String: Int64]
        }

        /// Whether all that was published by then has come over the broker by now.
        public func isReceived(by now: Standing) -> Bool {
            logs.allSatisfy { log in
                now.logs.contains { $0.log == log.log && $0.received >= log.newest }
            }
        }
    }

    /// Tells where everything stands; changes nothing.
    ///
    /// - Throws: `StorageError`.
    public func standing() async throws -> Standing {
        var logs: [Standing.Log] = []
        for log in publishers {
            let name = log.module
            let newest = try await log.newest(of: heardTopics(of: name))
            let sent = try await log.readers().first { $0.name == Self.broker }?.position
            let (received, taken) = try await database.read { [consumers] transaction in
                let received =
                    try transaction.first(
                        "SELECT MAX(log_position) AS last FROM inbox_events WHERE log = \(name)")?
                    .get("last", as: Int64?.self) ?? 0
                var taken: [String: Int64] = [:]
                for consumer in consumers.map(\.consumer) {
                    taken[consumer] = try Inbox(consumer: consumer, transaction: transaction)
                        .cursor(of: name)
                }
                return (received, taken)
            }
            logs.append(
                .init(log: name, newest: newest, sent: sent, received: received, taken: taken))
        }
        return Standing(routes: try await routes(), logs: logs)
    }

    /// What of a log the module's consumers hear.
    func heardTopics(of log: String) -> Set<Topic> {
        let said = topicsOfPublishers[log] ?? []
        return consumers.reduce(into: []) { $0.formUnion($1.topics?.intersection(said) ?? said) }
    }

    private func routes() async throws -> [String: String?] {
        let known = try await database.read { transaction in
            try transaction.rows("SELECT consumer, transport FROM bus_routes").reduce(
                into: [String: String]()
            ) { $0[try $1.get("consumer")] = try $1.get("transport") }
        }
        return Dictionary(uniqueKeysWithValues: consumers.map { ($0.consumer, known[$0.consumer]) })
    }

    /// Keeps the consumers where they are while a process with the other transport comes up beside.
    ///
    /// - Throws: `StorageError`.
    public func shadow() async throws { try await route(to: Self.inProcess, marking: false) }

    /// Moves the consumers: those who run them finish the work in hand and hand them over.
    ///
    /// - Parameter goal: where everything stood a moment ago; all that was published by then is to
    ///   have come, for what comes after it comes in time.
    /// - Throws: ``CutoverError/notReceived(log:received:newest:)`` when the broker has not brought
    ///   that; `StorageError`.
    public func toBroker(since goal: Standing) async throws {
        let now = try await standing()
        for log in goal.logs {
            let received = now.logs.first { $0.log == log.log }?.received ?? 0
            guard received >= log.newest, try await missingCount(of: log) == 0 else {
                throw CutoverError.notReceived(
                    log: log.log, received: received, newest: log.newest)
            }
        }
        try await route(to: Self.broker, marking: true)
    }

    /// Moves the consumers back into the process that has the logs at hand.
    ///
    /// - Throws: `StorageError`.
    public func rollBack() async throws { try await route(to: Self.inProcess, marking: true) }

    private func route(to transport: String, marking isMarking: Bool) async throws {
        var marks: [(log: String, position: Int64)] = []
        for log in publishers { marks.append((log.module, try await log.head())) }
        let (consumers, now, all) = (consumers, now().wholeMilliseconds, marks)
        try await database.write { transaction in
            if isMarking {
                let seed = transport == Self.broker ? Self.seedStreams : Self.seedLogs
                try seed(consumers, all.map(\.log), now, transaction)
            }
            for consumer in consumers.map(\.consumer) {
                try transaction.execute(
                    """
                    INSERT INTO bus_routes (consumer, transport, decided_at)
                    VALUES (\(consumer), \(transport), \(now))
                    ON CONFLICT (consumer) DO UPDATE
                    SET transport = excluded.transport, decided_at = excluded.decided_at
                    """)
            }
            guard isMarking else { return }
            let number: Int64 =
                try transaction.first(
                    "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM bus_cutovers")?
                .get("number") ?? 1
            for (log, position) in all {
                try transaction.execute(
                    """
                    INSERT INTO bus_cutovers (number, log, position, transport, decided_at)
                    VALUES (\(number), \(log), \(position), \(transport), \(now))
                    """)
            }
        }
        try? await database.announce(.leases)
    }

    /// The leases of the consumers as they were given out.
    ///
    /// - Throws: `StorageError`.
    public func leases() async throws -> Leases {
        let names = consumers.map(\.consumer)
        return try await database.read { transaction in
            var epochs: [String: Int64] = [:]
            for name in names {
                let lease = try transaction.first(
                    "SELECT epoch FROM bus_leases WHERE name = \(name) AND NOT is_released")
                epochs[name] = try lease?.get("epoch")
            }
            return Leases(epochs: epochs)
        }
    }

    /// Who runs the consumers, told apart by the leases' epochs.
    public struct Leases: Sendable, Hashable {
        fileprivate let epochs: [String: Int64]

        /// Whether all have been taken by another since.
        public func areSucceeded(by later: Leases, of count: Int) -> Bool {
            later.epochs.count == count
                && later.epochs.allSatisfy { epochs[$0.key] ?? 0 < $0.value }
        }
    }

    /// How many consumers there are.
    public var consumerCount: Int { consumers.count }

    /// The consumers of a database that processes of another transport run.
    static func routedElsewhere(
        than transport: String, in transaction: Transaction
    ) throws -> Set<String> {
        Set(
            try transaction.rows(
                "SELECT consumer FROM bus_routes WHERE transport <> \(transport)"
            ).map { try $0.get("consumer") })
    }

    func inDatabase<T: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await database.read(body)
    }

    /// The types that each consumer hears; `nil` for all.
    var heardTypes: [(consumer: String, types: Set<EventType>?)] {
        consumers.map { ($0.consumer, $0.types) }
    }
}

extension OutboxLog {
    /// The position of the newest event of some topics; 0 when there is none.
    func newest(of topics: Set<Topic>) async throws -> Int64 {
        try await database.read { transaction in
            try topics.reduce(0) { newest, topic in
                // From the end: most of a log is of the topic that it is about.
                let last = try transaction.first(
                    """
                    SELECT position FROM outbox_events WHERE topic = \(topic)
                    ORDER BY position DESC LIMIT 1
                    """)?.get("position", as: Int64.self)
                return max(newest, last ?? 0)
            }
        }
    }
}

/// Why a module was not moved.
public enum CutoverError: Error, Hashable {
    /// The module has no consumers, or no database here.
    case hearsNothing(String)
    /// The logs of modules that it hears can't be read from here.
    case unreachable([String])
    /// The broker has not brought everything yet.
    case notReceived(log: String, received: Int64, newest: Int64)
}
