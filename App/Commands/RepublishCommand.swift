import ArgumentParser
import EventBus
import Events
import Foundation
import Kafka
import Settings

/// `flotilla events republish`
struct RepublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "republish",
        abstract: "Send the events of modules' logs to the broker again.",
        discussion: """
            For a broker that lost what it had. Consumers that took an event before know it by its \
            place in its log and do nothing. A running server begins within seconds; without one, \
            the next to start does.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Only the log of this module (default: those of all modules of this process).")
    var module: String?

    @Option(help: "A time (RFC 3339) (default: the oldest that is kept).")
    var from: String?

    @Flag(help: "One JSON document on standard output.")
    var json = false

    private struct Republished: Encodable {
        let module: String
        let afterPosition: Int64
        let count: Int64
    }

    func run() async throws {
        var time: Date?
        if let from {
            guard let date = FlotillaJSON.date(rfc3339: from) else {
                throw Complaint("--from: \(from) is no RFC 3339 time")
            }
            time = date
        }
        let results = try await common.withDatabases { [self, time] composition in
            guard let reader = composition.broker?.reader else {
                throw Complaint(
                    "there is no broker to publish to: bus.transport is in-process, and"
                        + " bus.externalize is not set")
            }
            if let module { try composition.requireModule(module, of: "--module") }
            var results: [Republished] = []
            for (name, database) in composition.databases.sorted(by: { $0.key < $1.key })
            where module == nil || module == name {
                let log = OutboxLog(module: name, database: database)
                var start = try await log.floor()
                if let time { start = max(start, try await log.position(before: time)) }
                let count = try await log.republish(by: reader, after: start)
                results.append(Republished(module: name, afterPosition: start, count: count))
            }
            return results
        }
        if json {
            try printJSON(Items(items: results))
        } else {
            for result in results { print("\(result.module)  \(result.count) will be sent again") }
        }
    }
}
