public import Events
public import Foundation

/// Everything that the modules of the system tell each other, for people and programs outside.
///
/// The AsyncAPI document is meant to stand under version control beside the code: a test compares
/// it with the code, so that no event changes unseen, and ``SchemaCompatibility`` judges changes.
public struct EventCatalogue: Sendable {
    /// One event type with who says and who hears it.
    public struct Entry: Sendable {
        /// The type as the code declares it; its payload's schema is found by decoding it.
        public let event: any Event.Type
        /// The publishing module: `user`.
        public let publisher: String
        /// The CloudEvents sources that it may come from.
        public let sources: [String]
        /// The consumers that hear it, each named `<module>.<purpose>`.
        public let consumers: [String]

        /// Puts an entry together.
        ///
        /// - Parameter sources: more than the publisher's own, when every module may say it.
        public init(
            event: any Event.Type, publisher: String, sources: [String]? = nil,
            consumers: [String]
        ) {
            self.event = event
            self.publisher = publisher
            self.sources = sources ?? ["/flotilla/\(publisher)"]
            self.consumers = consumers
        }
    }

    /// All types, by topic and name.
    public let entries: [Entry]
    /// What the system is called.
    public let title: String
    /// The version of the system; the events have versions of their own.
    public let version: String

    /// Puts a catalogue together; the order of the entries does not matter.
    public init(_ entries: [Entry], title: String, version: String) {
        self.entries = entries.sorted {
            ($0.event.topic.rawValue, $0.event.type.rawValue)
                < ($1.event.topic.rawValue, $1.event.type.rawValue)
        }
        self.title = title
        self.version = version
    }

    /// One AsyncAPI 3.0.0 document: pretty JSON with sorted keys, the same bytes for the same
    /// catalogue.
    ///
    /// Topics are channels, which own their messages; there is one operation for each publisher
    /// and topic and one for each consumer and topic.
    ///
    /// - Throws: ``PayloadSchemaError`` for a payload that can't be recorded;
    ///   ``EventCatalogueError/sameKey(_:_:)`` for names that differ too little.
    public func asyncAPI() throws -> Data {
        let encoder = FlotillaJSON.encoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return try encoder.encode(document()) + Data("\n".utf8)
    }
}

/// A catalogue, or an AsyncAPI document, that contradicts itself.
public enum EventCatalogueError: Error, Hashable, CustomStringConvertible {
    /// Two topics, types or consumers differ only in characters that AsyncAPI's keys cannot have,
    /// or not at all.
    case sameKey(String, String)
    /// A schema points to one that is not in the document.
    case danglingReference(String)

    /// The contradiction as a sentence.
    public var description: String {
        switch self {
        case .sameKey(let one, let other): "\(one) and \(other) have the same key in AsyncAPI"
        case .danglingReference(let pointer): "the document has nothing at \(pointer)"
        }
    }
}
