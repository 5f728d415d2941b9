import CKafka
import EventBus
import Events
import Foundation
import Logging
import Metrics
import Synchronization

/// Reads one module's topics as a member of its group, and hands what comes to the module's intake.
///
/// The database says where each partition is read on: the group's committed offsets are only for
/// those who look at the cluster. The message before that place is read again first: if it is not
/// the one that was taken, the broker has lost its data or the topic was made anew, and the
/// partition is read from its beginning.
final class KafkaReceiver: Sendable {
    let client: KafkaClient
    let thread: KafkaThread
    let intake: Intake
    let settings: KafkaSettings
    let logger: Logger
    let state = Mutex(State())

    struct State {
        var partitions: [Partition: Reading] = [:]
        var lookedAt = ContinuousClock.now
        var verifiedAt = ContinuousClock.now
        /// Whether it was ever given partitions, or none.
        var wasAssigned = false
    }

    /// A partition of a topic.
    struct Partition: Hashable, Sendable {
        let topic: String
        let number: Int32
        var stream: String { "\(topic)/\(number)" }
    }

    /// How far a partition was taken.
    struct Reading {
        /// The offset of the next message to take.
        var next: Int64
        /// The fingerprint of the message before it, while that is to be seen again.
        var unverified: Int64?
        /// That of the last message taken; `nil` before the first.
        var fingerprint: Int64?
        /// Whether the brokers were away since: they may have forgotten everything.
        var isInDoubt = false
        var isPaused = false
    }

    /// Messages that are taken in one go, and how long to wait for the first.
    private static let batchCountMax = 500
    private static let batchByteCountMax = 8 * 1_024 * 1_024
    private static let pollMilliseconds: Int32 = 100
    static let lookInterval = Duration.milliseconds(500)
    /// How often the last record of each partition is read again, in case that nobody said that it
    /// was lost.
    static let verificationInterval = Duration.seconds(15)

    init(
        topics: [String], intake: Intake, settings: KafkaSettings, logger: Logger
    ) throws {
        self.intake = intake
        self.settings = settings
        self.logger = logger
        thread = KafkaThread(name: "kafka-in-\(intake.module)")
        client = try KafkaClient(
            RD_KAFKA_CONSUMER, settings: settings,
            properties: [
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": "10000",
                "queued.max.messages.kbytes": "16384", "fetch.message.max.bytes": "1048576",
            ],
            required: [
                "group.id": "\(settings.groupPrefix).\(intake.module)",
                "enable.auto.commit": "false", "enable.auto.offset.store": "false",
                "auto.offset.reset": "earliest",
            ])
        let any = topics.map { (Partition(topic: $0, number: -1), Int64?.none) }
        let result = Self.withList(of: any) { rd_kafka_subscribe(client.handle, $0) }
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(result, "subscribe") }
    }

    /// Receives until it is told to stop, or the client can't go on.
    ///
    /// - Throws: ``KafkaError``; `StorageError`; `CancellationError`.
    func run() async throws {
        while !intake.isStopping {
            try Task.checkCancellation()
            let news = try await thread.run { [self] in poll() }
            for rebalance in news.rebalances { try await heed(rebalance) }
            if let error = news.error { throw error }
            try await take(news.messages)
            try await lookAround()
        }
    }

    /// Leaves the group, so that others take over at once.
    func close() async {
        commit(partitions)
        let isHalfJoined = isHalfJoined
        let patience = intake.isStopping ? Self.patienceAtEnd : Self.patience
        let isClosed = try? await thread.run { [self] in closeClient(within: patience) }
        // It is never destroyed then: a little memory instead of the process.
        if isHalfJoined || isClosed != true { _ = Unmanaged.passRetained(client) }
    }

    /// How long the group is waited for: a process that ends leaves without its answer, and the
    /// others take over when its session is over.
    private static let patienceAtEnd = Duration.seconds(2)
    private static let patience = Duration.seconds(20)

    private func closeClient(within patience: Duration) -> Bool {
        let queue = rd_kafka_queue_new(client.handle)
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(client.handle, queue) {
            rd_kafka_error_destroy(error)
            return true
        }
        let end = ContinuousClock.now + patience
        while rd_kafka_consumer_closed(client.handle) == 0 {
            guard ContinuousClock.now < end else { return false }
            guard let event = rd_kafka_queue_poll(queue, Self.pollMilliseconds) else { continue }
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE {
                rd_kafka_assign(client.handle, nil)
            }
            rd_kafka_event_destroy(event)
        }
        return true
    }

    /// Whether librdkafka would abort the process when the client is destroyed: before 2.3, when
    /// the group took it as a member and it was not assigned anything yet
    /// (https://github.com/confluentinc/librdkafka/issues/4312).
    private var isHalfJoined: Bool {
        guard rd_kafka_version() < 0x0203_0000, !state.withLock(\.wasAssigned),
            let member = rd_kafka_memberid(client.handle)
        else { return false }
        defer { rd_kafka_mem_free(client.handle, member) }
        return member.pointee != 0
    }

    /// Messages of a stream that the broker has and that were not taken, as far as it is known.
    func lag(of partition: Partition) -> Int64 {
        let next = state.withLock { $0.partitions[partition]?.next }
        guard let next else { return 0 }
        var (low, high): (Int64, Int64) = (0, 0)
        rd_kafka_get_watermark_offsets(
            client.handle, partition.topic, partition.number, &low, &high)
        return max(0, high - next)
    }

    var partitions: [Partition] { state.withLock { Array($0.partitions.keys) } }

    // MARK: - What comes

    private struct News: Sendable {
        var messages: [CloudEventRecord.Incoming] = []
        var rebalances: [Rebalance] = []
        var error: KafkaError?
    }

    struct Rebalance: Sendable {
        let isAssignment: Bool
        let partitions: [Partition]
    }

    /// Blocks for a moment when there is nothing.
    private func poll() -> News {
        var news = News()
        var byteCount = 0
        var wait = Self.pollMilliseconds
        while news.messages.count < Self.batchCountMax, byteCount < Self.batchByteCountMax,
            let event = rd_kafka_queue_poll(client.queue, wait)
        {
            wait = 0
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_FETCH:
                while let message = rd_kafka_event_message_next(event) {
                    if let record = record(message, &news) {
                        byteCount += record.value?.count ?? 0
                        news.messages.append(record)
                    }
                }
            case RD_KAFKA_EVENT_REBALANCE:
                news.rebalances.append(rebalance(event))
            case RD_KAFKA_EVENT_ERROR:
                heed(rd_kafka_event_error(event), event, &news)
            default: break
            }
            rd_kafka_event_destroy(event)
            // What follows belongs to the assignment that is to be made first.
            if !news.rebalances.isEmpty || news.error != nil { break }
        }
        return news
    }

    /// - Parameter message: as librdkafka has it; a copy of the structure lacks what lies behind.
    private func record(
        _ message: UnsafePointer<rd_kafka_message_t>, _ news: inout News
    ) -> CloudEventRecord.Incoming? {
        let fields = message.pointee
        let topic = fields.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? ""
        guard fields.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            if fields.err != RD_KAFKA_RESP_ERR__PARTITION_EOF {
                news.error = KafkaError(fields.err, topic)
            }
            return nil
        }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return CloudEventRecord.Incoming(
            topic: Topic(rawValue: topic), partition: fields.partition, offset: fields.offset,
            timestamp: rd_kafka_message_timestamp(message, &kind),
            key: fields.key.map { Data(bytes: $0, count: fields.key_len) },
            value: fields.payload.map { Data(bytes: $0, count: fields.len) },
            headers: headers(of: message))
    }

    private func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [String: Data] {
        var headers: [String: Data] = [:]
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return headers
        }
        var (index, size) = (0, 0)
        var (name, value) = (UnsafePointer<CChar>?.none, UnsafeRawPointer?.none)
        while rd_kafka_header_get_all(list, index, &name, &value, &size)
            == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            if let name, let value {
                headers[String(cString: name)] = Data(bytes: value, count: size)
            }
            index += 1
        }
        return headers
    }

    private func rebalance(_ event: OpaquePointer) -> Rebalance {
        var partitions: [Partition] = []
        if let list = rd_kafka_event_topic_partition_list(event) {
            for index in 0..<Int(list.pointee.cnt) {
                let entry = list.pointee.elems[index]
                partitions.append(
                    Partition(topic: String(cString: entry.topic), number: entry.partition))
            }
        }
        return Rebalance(
            isAssignment: rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
            partitions: partitions)
    }

    private func heed(
        _ code: rd_kafka_resp_err_t, _ event: OpaquePointer, _ news: inout News
    ) {
        let text = String(cString: rd_kafka_event_error_string(event))
        switch code {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            state.withLock { state in
                for partition in state.partitions.keys {
                    state.partitions[partition]?.isInDoubt = true
                }
            }
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT:
            break
        default:
            news.error = client.fatalError ?? KafkaError(name: code.name, description: text)
            return
        }
        logger.warning(
            "broker trouble", metadata: ["error.type": "\(code.name)", "error.message": "\(text)"])
    }
}
