import CKafka
import Foundation

/// Makes a cluster's topics where they are missing, and makes sure that they are as configured.
struct KafkaTopics: Sendable {
    let settings: KafkaSettings
    /// How long a broker is waited for.
    var patience = Duration.seconds(10)
    /// Whether nobody waits for the answer any more.
    var isStopping: @Sendable () -> Bool = { false }

    /// A call into librdkafka can't be broken off: so long each, and the process ends no later.
    private static let stepMilliseconds: Int32 = 500

    /// Blocks.
    ///
    /// - Parameter isCreating: whether missing topics are made; else they are fine, for a server
    ///   will make them.
    /// - Throws: ``KafkaError`` that names each topic that is not as it should be.
    func ensure(_ topics: [String], isCreating: Bool) throws {
        let client = try KafkaClient(RD_KAFKA_PRODUCER, settings: settings, properties: [:])
        var found = try partitionCounts(of: topics, client)
        let missing = topics.filter { found[$0] == nil }
        if isCreating, !missing.isEmpty {
            try create(missing, client)
            // The new topics are known to all brokers a moment later.
            for _ in 0..<50 where missing.contains(where: { found[$0] == nil }) {
                found = try partitionCounts(of: topics, client)
                if missing.contains(where: { found[$0] == nil }) { usleep(100_000) }
            }
        }
        var problems: [String] = []
        for topic in topics {
            switch found[topic] {
            case nil where isCreating:
                problems.append("topic \(topic) is not there, also after it was made")
            case let count? where count != settings.partitionCount:
                problems.append(
                    "topic \(topic) has \(count) partitions, bus.kafka.partitions says"
                        + " \(settings.partitionCount): the number can't change while events of a"
                        + " key are to keep their order")
            default: break
            }
        }
        guard problems.isEmpty else {
            throw KafkaError(name: "TOPICS", description: problems.joined(separator: "; "))
        }
    }

    private func partitionCounts(
        of topics: [String], _ client: KafkaClient
    ) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        try look(by: client) { topic in
            let name = String(cString: topic.topic)
            guard topics.contains(name) else { return }
            switch topic.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
                if topic.partition_cnt > 0 { counts[name] = Int(topic.partition_cnt) }
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: break
            default: throw KafkaError(topic.err, "topic \(name)")
            }
        }
        return counts
    }

    /// Asks the cluster for its brokers and topics, which the client then knows too; blocks.
    func look(
        by client: KafkaClient, each body: (rd_kafka_metadata_topic) throws -> Void = { _ in }
    ) throws {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let end = ContinuousClock.now + patience
        var result = RD_KAFKA_RESP_ERR__TIMED_OUT
        while !isStopping() {
            result = rd_kafka_metadata(client.handle, 1, nil, &metadata, Self.stepMilliseconds)
            if result == RD_KAFKA_RESP_ERR_NO_ERROR || ContinuousClock.now >= end { break }
            usleep(20_000)
        }
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaError(result, "brokers \(settings.brokers)")
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        for index in 0..<Int(metadata.pointee.topic_cnt) {
            try body(metadata.pointee.topics[index])
        }
    }

    private func create(_ topics: [String], _ client: KafkaClient) throws {
        var text = [CChar](repeating: 0, count: 512)
        var wanted: [OpaquePointer?] = []
        defer { for topic in wanted { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            let new = rd_kafka_NewTopic_new(
                topic, Int32(settings.partitionCount), Int32(settings.replicationFactor), &text,
                text.count)
            guard let new else {
                throw KafkaError(name: "SETTINGS", description: "topic \(topic): \(string(text))")
            }
            wanted.append(new)
        }
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_CreateTopics(client.handle, &wanted, wanted.count, nil, queue)
        let end = ContinuousClock.now + patience
        var answer: OpaquePointer?
        while answer == nil, !isStopping(), ContinuousClock.now < end {
            answer = rd_kafka_queue_poll(queue, Self.stepMilliseconds)
        }
        guard let event = answer else {
            throw KafkaError(name: "TIMED_OUT", description: "the topics were not made in time")
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, "making topics") }
        var count = 0
        let result = rd_kafka_event_CreateTopics_result(event)
        let outcomes = rd_kafka_CreateTopics_result_topics(result, &count)
        for index in 0..<count {
            guard let outcome = outcomes?[index] else { continue }
            let code = rd_kafka_topic_result_error(outcome)
            // Another process may have been first.
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR,
                code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS
            else { continue }
            let name = rd_kafka_topic_result_name(outcome).map { String(cString: $0) } ?? ""
            throw KafkaError(code, "making topic \(name)")
        }
    }
}
