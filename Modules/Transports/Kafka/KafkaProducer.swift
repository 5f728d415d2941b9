import CKafka
import EventBus
import Events
import Foundation
import Synchronization

/// Sends one log's events: a batch is done when the brokers have acknowledged all of it.
///
/// The client is idempotent, so that its own retries neither repeat nor reorder, and it stops at
/// the first record that can't be delivered (`enable.gapless.guarantee`): a later one of the same
/// key must not overtake it. When a batch fails or takes too long the client is let go and the
/// batch sent anew by another: what of it was taken then lies in the topic twice, each copy in
/// order, and the copies are told by their ids.
final class KafkaProducer: Sendable {
    private let settings: KafkaSettings
    private let thread: KafkaThread
    private let client = Mutex<KafkaClient?>(nil)
    private let isStopping: @Sendable () -> Bool

    /// Batches that wait this long after the process was told to end are left to the next one.
    private static let patienceAtEnd = Duration.seconds(2)
    private static let pollMilliseconds: Int32 = 50

    init(
        module: String, settings: KafkaSettings, isStopping: @escaping @Sendable () -> Bool
    ) {
        self.settings = settings
        self.isStopping = isStopping
        thread = KafkaThread(name: "kafka-out-\(module)")
    }

    /// Connects before there is anything to send: a new client takes up to a second for its
    /// producer id and the brokers' addresses, which the first event would wait for.
    ///
    /// - Throws: ``KafkaError``.
    func warmUp() async throws {
        try await thread.run { [self] in
            try KafkaTopics(settings: settings, isStopping: isStopping).look(by: openClient())
        }
    }

    /// - Throws: ``KafkaError``; some of the events may have been taken then.
    func send(_ events: [LoggedEvent]) async throws {
        try await thread.run { [self] in
            let client = try openClient()
            do {
                try deliver(events, by: client)
            } catch {
                // What it still holds must not arrive after what is sent anew.
                self.client.withLock { $0 = nil }
                rd_kafka_purge(
                    client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
                throw error
            }
        }
    }

    private func openClient() throws -> KafkaClient {
        if let client = client.withLock({ $0 }), client.fatalError == nil { return client }
        let new = try KafkaClient(
            RD_KAFKA_PRODUCER, settings: settings,
            properties: [
                "linger.ms": "0.5", "compression.type": "none",
                // Nobody polls an idle client: what it would log for days must not pile up.
                "log_level": "2",
            ],
            required: [
                "enable.idempotence": "true", "enable.gapless.guarantee": "true", "acks": "all",
                // Java's, so that any producer of a key finds the same partition.
                "partitioner": "murmur2_random",
                // Whether to wait longer is decided here, for the batch as a whole.
                "message.timeout.ms": "0",
            ])
        client.withLock { $0 = new }
        return new
    }

    private func deliver(_ events: [LoggedEvent], by client: KafkaClient) throws {
        var reports = Reports(openCount: 0)
        var deadline = ContinuousClock.now + settings.deliveryTimeout
        var isEnding = false
        func waitForReports() throws {
            try poll(client, &reports)
            if isStopping(), !isEnding {
                isEnding = true
                deadline = min(deadline, .now + Self.patienceAtEnd)
            }
            guard ContinuousClock.now < deadline else {
                throw reports.lastError
                    ?? KafkaError(
                        name: "TIMED_OUT", description: "no broker acknowledged in time")
            }
        }
        for event in events {
            // One by one: the first ones are on their way before the last one is made.
            let record = CloudEventRecord.record(of: event)
            while true {
                let result = record.produce(by: client.handle)
                if result == RD_KAFKA_RESP_ERR_NO_ERROR { break }
                guard result == RD_KAFKA_RESP_ERR__QUEUE_FULL else {
                    if let fatal = client.fatalError { throw fatal }
                    throw KafkaError(result, "\(record.topic), event \(record.id)")
                }
                try waitForReports()
            }
            reports.openCount += 1
        }
        while reports.openCount > 0 { try waitForReports() }
    }

    private struct Reports {
        var openCount: Int
        /// Of the way to the brokers; it may pass.
        var lastError: KafkaError?
    }

    private func poll(_ client: KafkaClient, _ reports: inout Reports) throws {
        guard let event = rd_kafka_queue_poll(client.queue, Self.pollMilliseconds) else { return }
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            while let message = rd_kafka_event_message_next(event) {
                let code = message.pointee.err
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    if let fatal = client.fatalError { throw fatal }
                    let topic = message.pointee.rkt.flatMap { rd_kafka_topic_name($0) }
                    throw KafkaError(code, topic.map { String(cString: $0) } ?? "topic")
                }
                reports.openCount -= 1
            }
        case RD_KAFKA_EVENT_ERROR:
            if let fatal = client.fatalError { throw fatal }
            reports.lastError = KafkaError(
                name: rd_kafka_event_error(event).name,
                description: String(cString: rd_kafka_event_error_string(event)))
        default: break
        }
    }
}

/// An event as it lies in a topic.
struct KafkaRecord: Sendable {
    let id: EventID
    let topic: String
    let key: [UInt8]
    let value: [UInt8]
    let headers: [(name: String, value: String)]
    let timestamp: Int64

    func produce(by client: OpaquePointer) -> rd_kafka_resp_err_t {
        let list = rd_kafka_headers_new(headers.count)
        for (name, value) in headers {
            // Passed as they are, Swift would copy each into an array first.
            name.withCString { name in
                value.withCString { value in
                    _ = rd_kafka_header_add(list, name, -1, value, -1)
                }
            }
        }
        let result = key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                flotilla_kafka_produce(
                    client, topic, key.baseAddress, key.count, value.baseAddress, value.count,
                    timestamp, list, nil)
            }
        }
        if result != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(list) }
        return result
    }
}
