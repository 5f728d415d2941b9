public import Events

/// Every event type that the program knows, with its publisher and its consumers.
///
/// Built from the modules' declarations before anything runs, and the same whichever of them run
/// in this process.
public struct EventRegistry: Sendable {
    /// One event type.
    public struct Entry: Sendable, Hashable {
        /// The type's stable name, version included.
        public let type: EventType
        /// The stream that carries it.
        public let topic: Topic
        /// The publishing module.
        public let publisher: String
        /// The consumers that hear it, in alphabetical order.
        public internal(set) var consumers: [String] = []
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

    /// Checks the declarations against each other.
    ///
    /// - Throws: ``RegistryError`` for every contradiction, the first that is found.
    public init(_ members: [Member]) throws(RegistryError) {
        var entries: [EventType: Entry] = [:]
        for member in members {
            for event in member.publishes {
                let entry = Entry(type: event.type, topic: event.topic, publisher: member.module)
                if let other = entries.updateValue(entry, forKey: event.type) {
                    throw .duplicateType(event.type, [other.publisher, member.module])
                }
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
                for type in subscription.types ?? Set(entries.keys) {
                    guard entries[type] != nil else { throw .unknownType(type, consumer) }
                    entries[type]?.consumers.append(consumer)
                }
            }
        }
        self.entries = entries.values
            .map { entry in
                var entry = entry
                entry.consumers.sort()
                return entry
            }
            .sorted {
                ($0.topic.rawValue, $0.type.rawValue) < ($1.topic.rawValue, $1.type.rawValue)
            }
    }

    /// The module that publishes to each topic.
    package var publishersByTopic: [Topic: String] {
        Dictionary(entries.map { ($0.topic, $0.publisher) }) { first, _ in first }
    }
}

/// Declarations of modules that contradict each other; the program does not start with them.
public enum RegistryError: Error, Hashable, CustomStringConvertible {
    case duplicateType(EventType, [String])
    case duplicateConsumer(String)
    case foreignConsumerName(String, module: String)
    case unknownType(EventType, String)

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
        }
    }
}
