import EventBus
import Events
import Foundation
import Kafka
import Platform
import Settings
import Storage
import Web

/// The process put together: the chosen modules on their databases, joined by the bus.
struct Composition: Sendable {
    let list: ModuleList
    let settings: Settings
    let bus: Bus
    let transport: any Transport
    /// What events are sent to besides; `nil` for nothing.
    let shadow: (any Transport)?
    let modules: [any Module]
    let databases: [String: Database]
    /// What access tokens are checked with.
    let tokenKeys: TokenKeys
    /// Whose access tokens are no longer taken.
    let endedAccess = EndedAccess()
    /// The modules whose databases do not exist, when nothing was to be made.
    let missing: Set<String>

    /// Opens databases and makes modules; nothing runs yet.
    ///
    /// - Parameters:
    ///   - isCreating: whether databases and the development key are made when they are not there;
    ///     commands that only look make nothing.
    ///   - consumers: those that the bus may run; all of its modules when `nil`.
    /// - Throws: ``Complaint`` for what the configuration must mend; `StorageError`.
    init(
        list: ModuleList, settings: Settings, isCreating: Bool = true, consumers: Set<String>? = nil
    ) throws {
        self.list = list
        self.settings = settings
        tokenKeys = try Self.tokenKeys(settings, isCreating: isCreating)
        let secrets = try Self.secrets(settings, tokenKeys)
        let sealing = try Self.sealing(settings, tokenKeys)
        var busSettings = Self.busSettings(settings, list: list)
        busSettings.isGuest = consumers != nil
        transport = try Self.transport(settings, list.registry)
        shadow = try Self.shadow(settings, list.registry)
        bus = Bus(
            registry: list.registry, transport: transport, shadow: shadow,
            environment: BusEnvironment(settings: busSettings))
        var modules: [any Module] = []
        var databases: [String: Database] = [:]
        var missing: Set<String> = []
        for type in try ModuleList.selected(by: settings) {
            let name = type.name
            let url = settings.storageURL(ofModule: name)
            let isThere = isCreating || Database.exists(module: name, at: url)
            let database =
                isThere
                ? try Database(module: name, at: url, pool: Self.pool(settings)) : .absent(name)
            if !isThere { missing.insert(name) }
            let module = try type.init(
                settings: settings,
                platform: Platform(
                    module: name, database: database, outbox: bus.outbox(of: name, in: database),
                    signingKey: tokenKeys.signingKey, otherKeys: tokenKeys.otherKeys,
                    secrets: secrets, sealing: sealing,
                    isProduction: settings[AppSettings.environment] == .production,
                    endedAccess: endedAccess))
            bus.subscribe(
                Self.subscriptions(of: module, endedAccess).filter {
                    consumers?.contains($0.consumer) ?? true
                },
                of: name)
            databases[name] = database
            modules.append(module)
        }
        self.modules = modules
        self.missing = missing
        self.databases = databases
    }

    /// Brings every database up to date, side by side.
    ///
    /// - Throws: `StorageError`.
    func migrate() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (database, sets) in migrationSets {
                group.addTask(name: "migrate") {
                    for set in sets { try await database.migrate(set) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Where every step of every database stands.
    ///
    /// - Throws: `StorageError`.
    func migrationStatus() async throws -> [MigrationStatus] {
        var status: [MigrationStatus] = []
        for (database, sets) in migrationSets {
            for set in sets {
                status +=
                    missing.contains(database.name)
                    ? set.status(in: database.name) : try await database.migrationStatus(of: set)
            }
        }
        return status
    }

    /// Makes sure that there is something to look at.
    ///
    /// - Throws: ``Complaint`` when a database is not there or not up to date; `StorageError`.
    func requireMigrated() async throws {
        guard try await migrationStatus().allSatisfy({ $0.appliedAt != nil }) else {
            throw Complaint(
                "the databases are not there or not up to date: `flotilla migrate` makes them so")
        }
    }

    /// Makes sure that this process has a module that an operator names.
    ///
    /// - Parameter place: where it is named.
    /// - Throws: ``Complaint`` with those that there are.
    func requireModule(_ name: String, of place: String) throws {
        guard databases[name] == nil else { return }
        throw Complaint.noModule(name, of: place, among: databases.keys.sorted())
    }

    /// The parked events of this process's modules, for operators.
    var deadLetters: DeadLetters {
        DeadLetters(
            registry: list.registry, databases: databases, consumers: list.modulesOfConsumers)
    }

    /// What consumers of this process's modules may hear again.
    var replays: Replays {
        Replays(
            registry: list.registry, databases: databases,
            subscriptions: modules.flatMap { module in
                Self.subscriptions(of: module, endedAccess)
                    .map { (type(of: module).name, $0) }
            }, offsets: transport.reader == nil ? .positions : .received)
    }

    /// The lives of events, from the databases of this process's modules.
    var history: EventHistory {
        EventHistory(
            registry: list.registry, databases: databases, consumers: list.modulesOfConsumers)
    }

    /// Closes every database, side by side.
    func close() async {
        await withTaskGroup(of: Void.self) { group in
            for database in databases.values {
                group.addTask(name: "close") { await database.close() }
            }
        }
    }

    private var migrationSets: [(Database, [MigrationSet])] {
        modules.compactMap { module in
            let type = type(of: module)
            return databases[type.name].map { database in
                let ours = Self.answersCallers(module) ? [EndedAccessFeed.migrations] : []
                return (database, [Bus.migrations] + ours + type.migrations)
            }
        }
    }

    /// What a module hears, with what the program has it hear.
    static func subscriptions(
        of module: any Module, _ endedAccess: EndedAccess
    ) -> [Subscription] {
        guard answersCallers(module) else { return module.subscriptions }
        return module.subscriptions + [
            EndedAccessFeed.subscription(of: type(of: module).name, access: endedAccess)
        ]
    }

    private static func answersCallers(_ module: any Module) -> Bool {
        module.routes.contains { $0.access != .anyone }
    }

    /// Keeps whose access has ended as fresh as the databases have it.
    var endedAccessFeed: EndedAccessFeed {
        let module = modules.first { Self.answersCallers($0) }
        return EndedAccessFeed(
            access: endedAccess, database: module.flatMap { databases[type(of: $0).name] })
    }

    private static func pool(_ settings: Settings) -> PoolSettings {
        var pool = PoolSettings()
        pool.connectionCountMax = settings[AppSettings.poolMax]
        pool.acquireTimeout = settings[AppSettings.acquireTimeout]
        pool.statementTimeout = settings[AppSettings.statementTimeout]
        pool.slowStatement = settings[AppSettings.slowStatement]
        return pool
    }

    /// Whether the broker answers and has the topics, where there is one.
    var brokerChecks: [Check] {
        guard let broker else { return [] }
        return [Check("kafka") { try await broker.check() }]
    }

    /// Where events are sent to, by the transport or besides; `nil` when they stay in the process.
    var broker: KafkaTransport? { (shadow ?? transport) as? KafkaTransport }

    /// The broker that these settings name, to be looked at before there is a process.
    ///
    /// - Throws: ``Complaint`` when events are to go to Kafka, and nobody says where it is.
    static func broker(
        _ settings: Settings, _ registry: EventRegistry
    ) throws -> KafkaTransport? {
        try (shadow(settings, registry) ?? transport(settings, registry)) as? KafkaTransport
    }

    /// What carries the events.
    ///
    /// - Throws: ``Complaint`` when Kafka is to, and nobody says where it is.
    private static func transport(
        _ settings: Settings, _ registry: EventRegistry
    ) throws -> any Transport {
        switch settings[AppSettings.transport] {
        case .inProcess:
            InProcessTransport(topics: registry.publishersByTopic)
        case .kafka:
            try kafka(settings, registry, for: "bus.transport is kafka")
        }
    }

    private static func shadow(
        _ settings: Settings, _ registry: EventRegistry
    ) throws -> (any Transport)? {
        guard settings[AppSettings.externalize] else { return nil }
        guard settings[AppSettings.transport] == .inProcess else {
            throw Complaint("bus.externalize is for bus.transport in-process: kafka has them all")
        }
        return try kafka(settings, registry, for: "bus.externalize is true")
    }

    private static func kafka(
        _ settings: Settings, _ registry: EventRegistry, for reason: String
    ) throws -> KafkaTransport {
        guard let brokers = settings[AppSettings.brokers] else {
            throw Complaint("bus.kafka.brokers is required when \(reason)")
        }
        var kafka = KafkaSettings(brokers: brokers)
        kafka.properties = settings[AppSettings.kafkaProperties]
        kafka.partitionCount = settings[AppSettings.partitions]
        kafka.replicationFactor = settings[AppSettings.replicationFactor]
        return KafkaTransport(settings: kafka, registry: registry)
    }

    private static func busSettings(_ settings: Settings, list: ModuleList) -> BusSettings {
        var bus = BusSettings()
        bus.retention = settings[AppSettings.retention]
        bus.parkedCountMax = settings[AppSettings.parkedMax]
        bus.leaseDuration = settings[AppSettings.lease]
        bus.retry = RetryPolicy(
            attemptCountMax: settings[AppSettings.maxAttempts],
            initialDelay: settings[AppSettings.initialDelay],
            delayMax: settings[AppSettings.maxDelay])
        for consumer in list.modulesOfConsumers.keys {
            let own = ConsumerSettings(consumer: consumer)
            let house = list.retriesOfConsumers[consumer] ?? bus.retry
            bus.retryByConsumer[consumer] = RetryPolicy(
                attemptCountMax: settings[own.maxAttempts] ?? house.attemptCountMax,
                initialDelay: settings[own.initialDelay] ?? house.initialDelay,
                delayMax: settings[own.maxDelay] ?? house.delayMax)
        }
        return bus
    }
}
