import ArgumentParser
import EventBus
import EventCatalogue
import Events
import Foundation
import Web

/// `flotilla events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Look at the events that modules publish.",
        subcommands: [Types.self, List.self, Show.self, ReplayCommand.self, RepublishCommand.self])

    /// `flotilla events types`
    struct Types: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "types", abstract: "List every event type, its publisher, its consumers.")

        @Flag(help: "One JSON document on standard output.")
        var json = false

        @Flag(name: .customLong("asyncapi"), help: "An AsyncAPI 3 document of all events.")
        var asyncAPI = false

        @Flag(help: "The modules and what they hear of each other, as a Mermaid graph.")
        var mermaid = false

        @Option(
            help: "An older AsyncAPI document; a change that breaks its readers is refused.")
        var against: String?

        func validate() throws {
            guard [json, asyncAPI, mermaid].count(where: { $0 }) <= 1 else {
                throw ValidationError("--json, --asyncapi and --mermaid exclude each other")
            }
        }

        func run() throws {
            let list = try ModuleList()
            if let against { try Self.judge(list.eventCatalogue, against: against) }
            if asyncAPI {
                print(
                    String(decoding: try list.eventCatalogue.asyncAPI(), as: UTF8.self),
                    terminator: "")
                return
            }
            if mermaid {
                print(list.eventCatalogue.mermaid(), terminator: "")
                return
            }
            let entries = list.registry.entries
            if json {
                try printJSON(Items(items: entries.map(TypeRow.init)))
                return
            }
            for entry in entries {
                print(
                    "\(entry.type)  version \(entry.version)  (\(entry.topic),"
                        + " by \(entry.publisher))")
                for consumer in entry.consumers { print("    \(consumer)") }
            }
        }

        /// - Throws: ``Complaint`` with every change that breaks readers.
        private static func judge(_ catalogue: EventCatalogue, against file: String) throws {
            guard let snapshot = FileManager.default.contents(atPath: file) else {
                throw Complaint("--against: can't read \(file)")
            }
            let compatibility: SchemaCompatibility
            do {
                compatibility = try SchemaCompatibility(snapshot: snapshot, catalogue: catalogue)
            } catch {
                throw Complaint("--against: \(file) is no AsyncAPI document of events")
            }
            let breaking = compatibility.findings.filter { $0.severity == .breaking }
            guard breaking.isEmpty else { throw Complaint(breaking.map(\.description)) }
        }
    }

    /// `flotilla events list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List published events, newest first.")

        @OptionGroup var common: CommonOptions

        @Option(help: "Of this type alone: UserRegisteredEventV1.")
        var type: String?
        @Option(help: "Of this key alone: the id of a user, an order, …")
        var key: String?
        @Option(help: "Of this module's log alone.")
        var publisher: String?
        @Option(help: "With this correlation id alone (X-Request-Id of a request).")
        var correlation: String?
        @Option(help: "Published at this time (RFC 3339) or later.")
        var since: String?
        @Option(help: "How many at most (1 to 1000).")
        var limit = 20
        @Flag(help: "One JSON document on standard output.")
        var json = false

        func validate() throws {
            guard (1...1_000).contains(limit) else {
                throw ValidationError("--limit takes 1 to 1000, not \(limit)")
            }
        }

        func run() async throws {
            var filter = EventList.Filter()
            filter.type = type.map { EventType(rawValue: $0) }
            filter.key = key
            filter.module = publisher
            filter.correlationID = correlation
            filter.since = try since.map { text in
                guard let date = FlotillaJSON.date(rfc3339: text) else {
                    throw Complaint("--since: \(text) is not an RFC 3339 time")
                }
                return date
            }
            filter.limit = limit
            let rows = try await common.withDatabases { [filter] composition in
                if let publisher { try composition.requireModule(publisher, of: "--publisher") }
                return try await EventList(databases: composition.databases).events(filter)
                    .map(EventRow.init)
            }
            if json {
                try printJSON(Items(items: rows))
                return
            }
            for row in rows {
                print(
                    "\(FlotillaJSON.rfc3339(row.time))  \(row.id)  \(row.type)"
                        + "  key \(row.key)  (\(row.publisher) position \(row.position))")
            }
        }
    }

    /// `flotilla events show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Tell the life of one event: who handled it when, and what it caused.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The event's id.")
        var id: String

        @Flag(help: "One JSON document on standard output.")
        var json = false

        func run() async throws {
            guard let id = EventID(id) else { throw Complaint("\(id) is not an event's id") }
            let story = try await common.withDatabases { try await $0.history.story(of: id) }
            guard let story else { throw Complaint("there is no event \(id)") }
            if json {
                try printJSON(story)
            } else {
                for line in Self.facts(of: story) + StoryTree(story).lines { print(line) }
            }
        }

        /// What is not in the tree: the transaction, the way out of the log, what it belongs to.
        private static func facts(of story: EventStory) -> [String] {
            var facts: [String] = []
            if let transaction = story.transactionId {
                let others = story.publishedWith.count
                facts.append(
                    "transaction  \(transaction)"
                        + (others == 0 ? "" : "  with \(others) more: ")
                        + story.publishedWith.map(\.description).joined(separator: ", "))
            }
            if let relay = story.relay {
                let isTaken = relay.isTaken ? "taken" : "not taken by all"
                facts.append(
                    "relay        \(relay.transport), \(isTaken)"
                        + " after \(relay.attempts) \(relay.attempts == 1 ? "attempt" : "attempts")"
                        + (relay.error.map { ": \($0)" } ?? ""))
            }
            facts.append("correlation  \(story.correlationId)")
            if let cause = story.causationId {
                facts.append("caused by    \(cause)  in \(story.causedIn ?? "?")")
            }
            return facts
        }
    }
}

private struct TypeRow: Encodable {
    let type: String
    let version: Int
    let topic: String
    let publisher: String
    let consumers: [String]

    init(_ entry: EventRegistry.Entry) {
        type = entry.type.rawValue
        version = entry.version
        topic = entry.topic.rawValue
        publisher = entry.publisher
        consumers = entry.consumers
    }
}

/// One published event in a list.
struct EventRow: Encodable, Sendable {
    let id: EventID
    let type: EventType
    let topic: Topic
    let key: String
    let publisher: String
    let position: Int64
    let time: Date
    let correlationId: String
    let causationId: EventID?
    let payload: JSONValue

    init(_ event: LoggedEvent) {
        let envelope = event.envelope
        id = envelope.id
        type = envelope.type
        topic = envelope.topic
        key = envelope.key
        publisher = event.log
        position = event.position
        time = envelope.time
        correlationId = envelope.cause.correlationID
        causationId = envelope.cause.causationID
        payload = JSONValue(showing: envelope.data)
    }
}
