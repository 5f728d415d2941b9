import ArgumentParser
import EventBus
import Events
import Logging

/// `flotilla events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Look at the events that modules publish.",
        subcommands: [Types.self, Show.self])

    /// `flotilla events types`
    struct Types: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "types", abstract: "List every event type, its publisher, its consumers.")

        @Flag(help: "One JSON document on standard output.")
        var json = false

        func run() throws {
            let entries = try ModuleList().registry.entries
            if json {
                try printJSON(Items(items: entries.map(TypeRow.init)))
                return
            }
            for entry in entries {
                print("\(entry.type)  (\(entry.topic), by \(entry.publisher))")
                for consumer in entry.consumers { print("    \(consumer)") }
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
            let composition = try common.compose(isCreating: false)
            try await composition.requireMigrated()
            let story = try await composition.history.story(of: id)
            await composition.close()
            guard let story else { throw Complaint("there is no event \(id)") }
            if json {
                try printJSON(story)
            } else {
                for line in StoryTree(story).lines { print(line) }
            }
        }
    }
}

private struct TypeRow: Encodable {
    let type: String
    let topic: String
    let publisher: String
    let consumers: [String]

    init(_ entry: EventRegistry.Entry) {
        type = entry.type.rawValue
        topic = entry.topic.rawValue
        publisher = entry.publisher
        consumers = entry.consumers
    }
}
