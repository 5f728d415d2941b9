import Foundation

/// How to reach a Kafka cluster, and what its topics are to be.
public struct KafkaSettings: Sendable {
    /// Bootstrap servers, `host:port` separated by commas.
    public var brokers: String
    /// librdkafka's own properties, before ours: `security.protocol`, `session.timeout.ms`.
    public var properties: [String: String] = [:]
    /// Partitions of each topic. A key's events lie in one; so the number can't change later.
    public var partitionCount = 6
    /// Copies of each partition, for topics that are made.
    public var replicationFactor = 1
    /// Consumer groups are named by it and the module: `flotilla.order`.
    public var groupPrefix = "flotilla"
    /// How long a batch may take to be acknowledged before it is sent anew.
    public var deliveryTimeout = Duration.seconds(30)
    /// Events that a module's consumers have not taken, at which no more are taken from a
    /// partition.
    public var backlogCountMax: Int64 = 10_000

    /// Everything but the brokers has a default.
    public init(brokers: String) { self.brokers = brokers }

    /// Reads `name=value` pairs separated by commas; `nil` when one is none.
    public static func properties(_ text: String) -> [String: String]? {
        var properties: [String: String] = [:]
        for pair in text.split(separator: ",") where !pair.allSatisfy(\.isWhitespace) {
            guard let mark = pair.firstIndex(of: "=") else { return nil }
            let name = pair[..<mark].trimmingCharacters(in: .whitespaces)
            let value = pair[pair.index(after: mark)...].trimmingCharacters(in: .whitespaces)
            guard !name.isEmpty else { return nil }
            properties[name] = value
        }
        return properties
    }
}

/// What went wrong with a broker, in words for whoever operates it.
public struct KafkaError: Error, Hashable, CustomStringConvertible {
    /// librdkafka's name of the error: `TOPIC_AUTHORIZATION_FAILED`; `SETTINGS` for ours.
    public let name: String
    /// What it is about.
    public let description: String
}
