import ArgumentParser
import EventBus
import Foundation

/// `flotilla consumers`
struct ConsumersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consumers",
        abstract: "List every consumer with its backlog and its parked events.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "One JSON document on standard output.")
    var json = false

    func run() async throws {
        let consumers = try await common.withDatabases(consuming: nil) { composition in
            try await composition.bus.openLogs()
            return try await composition.bus.consumerStatus()
                .map { ConsumerBody($0) }
        }
        if json {
            try printJSON(Items(items: consumers))
            return
        }
        for consumer in consumers {
            print(
                "\(consumer.consumer)  \(consumer.standing)  \(consumer.backlogEvents) behind"
                    + " (\(Int(consumer.backlogSeconds)) s), \(consumer.retrying) retrying,"
                    + " \(consumer.waiting) waiting, \(consumer.dead) dead")
        }
    }
}
