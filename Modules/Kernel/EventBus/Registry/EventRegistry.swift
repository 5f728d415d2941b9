public import Events

/// Every event type that the program knows, with its publisher and its consumers.
///
/// Built from the modules' declarations before anything runs, and the same whichever of them run
/// in this process.
public struct EventRegistry: Sendable {
    /// One event type.
    public struct Entry: Sendable {
        /// The event itself.
        public let event: any Event.Type
        /// The publishing module; `bus` for what the bus itself says in every module's log.
        public let publisher: String
        /// The consumers that hear it, in alphabetical order.
        public internal(set) var consumers: [String] = []

        /// The type's stable name, version included.
        public var type: EventType { event.type }
        /// The stream that carries it.
        public var topic: Topic { event.topic }
        /// The modules in whose logs it may be.
        public internal(set) var sources: [String] = []
        /// The number at the end of its name.
        public var version: Int { event.type.version ?? 1 }
    }

    /// What one module says and hears.
    public struct Member: Sendable {
        /// The module's name: `order`.
        public let module: String
        /// The types that it says; no other module may say them.
        public let publishes: [any Event.Type]
        /// Its consumers, each named `<module>.<purpose>`.
        public let subscriptions: [Subscription]

        /// Puts a module's declarations together.
        public init(
            module: String, publishes: [any Event.Type], subscriptions: [Subscription]
        ) {
            self.module = module
            self.publishes = publishes
            self.subscriptions = subscriptions
        }
    }

    /// All types, by topic and name.
    public let entries: [Entry]

    /// The modules, in the order in which they were given.
    public let modules: [String]

    /// What each consumer hears, and where it begins.
    private let hearers:
        [(module: String, consumer: String, topics: Set<Topic>?, start: Subscription.Start)]

    /// The publisher of what the bus itself says.
    public static let bus = "bus"

    /// Checks the declarations against each other.
    ///
    /// - Throws: ``RegistryError`` for every contradiction, the first that is found.
    public init(_ members: [Member]) throws(RegistryError) {
        var entries: [EventType: Entry] = [:]
        let said = members.map { ($0.module, $0.publishes) } + [(Self.bus, Bus.events)]
        for (module, events) in said {
            for event in events { try Self.add(event, of: module, to: &entries) }
        }
        // Older versions need not be said any more, but lie in logs and are heard.
        for (module, events) in said {
            for older in events.flatMap({ event in event.olderVersions })
            where entries[older.type] == nil {
                try Self.add(older, of: module, to: &entries)
            }
        }
        var consumers: Set<String> = []
        for member in members {
            for subscription in member.subscriptions {
                let consumer = subscription.consumer
                guard consumer.hasPrefix(member.module + ".") else {
                    throw .foreignConsumerName(consumer, module: member.module)
                }
                guard consumers.insert(consumer).inserted else {
                    throw .duplicateConsumer(consumer)
                }
                try Self.check(subscription, against: entries)
                for type in subscription.types ?? Set(entries.keys) {
                    entries[type]?.consumers.append(consumer)
                }
            }
        }
        modules = members.map(\.module)
        hearers = members.flatMap { member in
            member.subscriptions.map { (member.module, $0.consumer, $0.topics, $0.start) }
        }
        self.entries = entries.values
            .map { entry in
                var entry = entry
                entry.consumers.sort()
                entry.sources =
                    entry.publisher == Self.bus ? members.map(\.module) : [entry.publisher]
                return entry
            }
            .sorted {
                ($0.topic.rawValue, $0.type.rawValue) < ($1.topic.rawValue, $1.type.rawValue)
            }
    }

    private static func add(
        _ event: any Event.Type, of module: String, to entries: inout [EventType: Entry]
    ) throws(RegistryError) {
        guard event.type.version != nil else { throw .missingVersion(event.type, module) }
        let entry = Entry(event: event, publisher: module)
        if let other = entries.updateValue(entry, forKey: event.type) {
            throw .duplicateType(event.type, [other.publisher, module])
        }
    }

    private static func check(
        _ subscription: Subscription, against entries: [EventType: Entry]
    ) throws(RegistryError) {
        let consumer = subscription.consumer
        if let type = subscription.duplicateTypes.first {
            throw .duplicateHandler(type, consumer)
        }
        for event in subscription.events ?? [] {
            guard let entry = entries[event.type] else {
                throw .unknownType(event.type, consumer)
            }
            // Two Swift types under one name would each read their own meaning into it.
            guard ObjectIdentifier(entry.event) == ObjectIdentifier(event) else {
                throw .twoShapes(event.type, publisher: entry.publisher, consumer: consumer)
            }
        }
    }

    /// The modules that publish to each topic.
    package var publishersByTopic: [Topic: Set<String>] {
        var publishers: [Topic: Set<String>] = [:]
        for entry in entries {
            publishers[entry.topic, default: []].formUnion(entry.sources)
        }
        return publishers
    }

    /// The consumers that hear a module's log, in whichever process, and where they begin.
    package func hearers(of module: String) -> [(consumer: String, start: Subscription.Start)] {
        let publishers = publishersByTopic
        return hearers.filter { hearer in
            guard let topics = hearer.topics else { return true }
            return topics.contains { publishers[$0]?.contains(module) ?? false }
        }.map { ($0.consumer, $0.start) }
    }

    /// A module's consumers.
    package func consumers(of module: String) -> [String] {
        hearers.filter { $0.module == module }.map(\.consumer)
    }

    /// The entry of a type, if the program knows it.
    public func entry(of type: EventType) -> Entry? { entries.first { $0.type == type } }
}

/// Declarations of modules that contradict each other; the program does not start with them.
public enum RegistryError: Error, Hashable, CustomStringConvertible {
    case duplicateType(EventType, [String])
    case duplicateConsumer(String)
    case foreignConsumerName(String, module: String)
    case unknownType(EventType, String)
    case duplicateHandler(EventType, String)
    case twoShapes(EventType, publisher: String, consumer: String)
    case missingVersion(EventType, String)

    /// The contradiction as a sentence that names both sides.
    public var description: String {
        switch self {
        case .duplicateType(let type, let modules):
            "event type \(type) is published twice, by \(modules.joined(separator: " and "))"
        case .duplicateConsumer(let consumer):
            "two subscriptions are named \(consumer)"
        case .foreignConsumerName(let consumer, let module):
            "consumer \(consumer) of module \(module) must be named \(module).<purpose>"
        case .unknownType(let type, let consumer):
            "consumer \(consumer) hears \(type), which no module publishes"
        case .duplicateHandler(let type, let consumer):
            "consumer \(consumer) has two handlers for \(type)"
        case .twoShapes(let type, let publisher, let consumer):
            "\(type) is one Swift type where \(publisher) publishes it and another where"
                + " \(consumer) hears it"
        case .missingVersion(let type, let module):
            "event type \(type) of module \(module) must end with its version, as in \(type)V1"
        }
    }
}
