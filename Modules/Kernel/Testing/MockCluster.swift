import Foundation

/// A cluster of three Kafka brokers that does what it is told: fails, waits, goes away.
///
/// librdkafka's own mock cluster in a process of its own (`kafka-mock`, built beside the tests).
package final class MockCluster: Sendable {
    /// Bootstrap servers.
    package let brokers: String
    private let leash: Leash

    /// Starts one; blocks for a moment.
    ///
    /// - Throws: `POSIXError` when the program is not there; ``MockClusterError``.
    package init() throws {
        leash = try Leash(Self.program, [])
        guard let brokers = leash.readLine() else {
            throw MockClusterError(command: "start", answer: "none")
        }
        self.brokers = brokers
    }

    /// Gives a command; blocks until it is done. See `Modules/Transports/KafkaMock/main.swift`.
    ///
    /// - Throws: ``MockClusterError`` when it is refused.
    package func tell(_ command: String) throws {
        leash.writeLine(command)
        let answer = leash.readLine()
        guard answer == "ok" else {
            throw MockClusterError(command: command, answer: answer ?? "none")
        }
    }

    private static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let places = CommandLine.arguments + [own ?? ""]
        return places.filter { $0.hasPrefix("/") }
            .map { ($0 as NSString).deletingLastPathComponent + "/kafka-mock" }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "kafka-mock"
    }()
}

/// The cluster did not do what it was told.
package struct MockClusterError: Error {
    package let command: String
    package let answer: String
}
