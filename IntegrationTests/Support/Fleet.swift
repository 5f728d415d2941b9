import FlotillaTesting
import Foundation
import Synchronization
import Testing

/// A process of a split system.
struct Role: Hashable, Sendable, CustomStringConvertible {
    let description: String
    /// What `--modules` says.
    let modules: [String]

    static let user = Role(description: "user", modules: ["user"])
    static let orders = Role(description: "orders", modules: ["product", "order", "payment"])
    static let followers = Role(
        description: "followers", modules: ["search", "notification", "audit"])
    static let search = Role(description: "search", modules: ["search"])
    static let gateway = Role(description: "gateway", modules: ["gateway"])
}

/// A broker of one test, to be frozen and emptied. It speaks Kafka's protocol.
final class Broker: Sendable {
    /// `HOST:PORT`.
    let address: String
    private let running: Mutex<(leash: Leash?, process: pid_t)>

    /// Blocks for a moment.
    init() throws {
        let (leash, address, process) = try Self.start(port: "0")
        self.address = address
        running = Mutex((leash, process))
    }

    private static func start(
        port: String
    ) throws -> (leash: Leash, address: String, process: pid_t) {
        let leash = try Leash(scripts + "/tansu.sh", [port])
        let (address, process) = (leash.readLine(), leash.readLine())
        return (
            leash, try #require(address, "Tansu did not start: is it installed?"),
            try #require(process?.split(separator: " ").last.flatMap { pid_t($0) })
        )
    }

    func freeze() { kill(running.withLock(\.process), SIGSTOP) }
    func thaw() { kill(running.withLock(\.process), SIGCONT) }

    /// Ends it, and starts one that knows nothing at the same address; blocks for a moment.
    func empty() throws {
        running.withLock { $0.leash = nil }
        let port = address.split(separator: ":").last.map(String.init) ?? "0"
        let (leash, _, process) = try Self.start(port: port)
        running.withLock { $0 = (leash, process) }
    }

    /// Runs a program of somebody who has nothing of ours, in Python; what it prints, line by line.
    func stranger(_ program: String, _ arguments: String...) async throws -> [JSON] {
        let python = Self.scripts + "/../.tools/venv/bin/python"
        let run = try await Program.run(
            python, ["-c", program, address] + arguments, within: .seconds(60))
        try #require(run.exitCode == 0, "\(run)")
        return try run.output.split(separator: "\n").map { try JSON(parsing: Data($0.utf8)) }
    }

    /// What the program is told to reach it.
    var environment: [String: String] {
        get throws {
            [
                "FLOTILLA_BUS_TRANSPORT": "kafka",
                "FLOTILLA_BUS_KAFKA_BROKERS": address,
                // A group waits half of that before its first member gets work.
                "FLOTILLA_BUS_KAFKA_PROPERTIES":
                    "session.timeout.ms=6000,heartbeat.interval.ms=500,"
                    + "reconnect.backoff.max.ms=500,fetch.wait.max.ms=50",
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
