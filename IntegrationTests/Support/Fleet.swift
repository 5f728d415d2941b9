import FlotillaTesting
import Foundation
import Testing

/// A process of a split system.
struct Role: Hashable, Sendable, CustomStringConvertible {
    let description: String
    /// What `--modules` says.
    let modules: [String]

    static let user = Role(description: "user", modules: ["user"])
    static let orders = Role(description: "orders", modules: ["order", "payment"])
    static let followers = Role(
        description: "followers", modules: ["search", "notification", "audit"])
    static let search = Role(description: "search", modules: ["search"])
    static let gateway = Role(description: "gateway", modules: ["gateway"])
}

/// A broker of one test, to be frozen and emptied. It speaks Kafka's protocol.
final class Broker: Sendable {
    /// `HOST:PORT`.
    let address: String
    private let leash: Leash
    private let process: pid_t

    /// Blocks for a moment.
    init() throws {
        leash = try Leash(Self.scripts + "/tansu.sh", [])
        let (address, process) = (leash.readLine(), leash.readLine())
        self.address = try #require(address, "Tansu did not start: is it installed?")
        self.process = try #require(process?.split(separator: " ").last.flatMap { pid_t($0) })
    }

    func freeze() { kill(process, SIGSTOP) }
    func thaw() { kill(process, SIGCONT) }

    /// What the program is told to reach it.
    var environment: [String: String] {
        get throws {
            [
                "FLOTILLA_BUS_TRANSPORT": "kafka",
                "FLOTILLA_BUS_KAFKA_BROKERS": address,
                // A group waits half of that before its first member gets work.
                "FLOTILLA_BUS_KAFKA_PROPERTIES":
                    "session.timeout.ms=6000,heartbeat.interval.ms=500,"
                    + "reconnect.backoff.max.ms=500",
                "FLOTILLA_BUS_KAFKA_PARTITIONS": "3",
                "LD_LIBRARY_PATH": try Self.library.get(),
            ]
        }
    }

    private static let scripts = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../scripts").standardizedFileURL.path

    private static let library = Result {
        let run = try Command.run(scripts + "/librdkafka.sh", [])
        return String(decoding: run.output, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
