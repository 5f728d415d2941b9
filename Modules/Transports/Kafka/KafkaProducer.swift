import CKafka
import EventBus
import Events
import Foundation
import Synchronization

/// Sends one log's events, a batch after the other: one is done when the brokers have acknowledged
/// all of it, and the next may be sent before.
///
/// The client is idempotent, so that its own retries neither repeat nor reorder, and it stops at
/// the first record that can't be delivered (`enable.gapless.guarantee`): a later one of the same
/// key must not overtake it. When a batch fails or takes too long the client is let go with all
/// that is not acknowledged, and that is sent anew by another: what of it was taken then lies in
/// the topic twice, each copy in order, and the copies are told by their ids.
final class KafkaProducer: Sendable {
    private let settings: KafkaSettings
    private let thread: KafkaThread
    private let state = Mutex(State())
    private let isStopping: @Sendable () -> Bool

    private struct State {
        var client: KafkaClient?
        /// Those on their way, by the number that their records bear.
        var batches: [UInt: Batch] = [:]
        var lastNumber: UInt = 0

        /// With the client goes what it has not brought there.
        mutating func replaceClient(by new: KafkaClient?) {
            client = new
            for batch in batches.values { batch.update { $0.isLetGo = true } }
            batches = [:]
        }
    }

    /// Events that were sent together.
    final class Batch: Sendable {
        fileprivate struct State {
            /// Records that no broker has acknowledged.
            var openCount: Int
            var deadline: ContinuousClock.Instant
            /// Whether the client that had it is gone.
            var isLetGo = false
            /// Of the way to the brokers; it may pass.
            var lastError: KafkaError?
        }

        private let state: Mutex<State>

        fileprivate init(count: Int, deadline: ContinuousClock.Instant) {
            state = Mutex(State(openCount: count, deadline: deadline))
        }

        /// Whether it is to be sent anew, because another one failed.
        var isLetGo: Bool { state.withLock(\.isLetGo) }

        fileprivate func update<T: Sendable>(_ change: (inout State) -> T) -> T {
            state.withLock { change(&$0) }
        }
    }

    /// Batches that wait this long after the process was told to end are left to the next one.
    private static let patienceAtEnd = Duration.seconds(2)
    private static let pollMilliseconds: Int32 = 50
    static let letGo = KafkaError(
        name: "LET_GO", description: "another batch failed, and this one with it")

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

    /// Hands events to the client, which sends them in this order.
    ///
    /// - Throws: ``KafkaError``; some of the events may have been taken then.
    func send(_ events: [LoggedEvent]) async throws -> Batch {
        try await using { [self] client in
            let batch = Batch(count: events.count, deadline: .now + settings.deliveryTimeout)
            let number = state.withLock { state in
                state.lastNumber += 1
                state.batches[state.lastNumber] = batch
                return state.lastNumber
            }
            for event in events {
                // One by one: the first ones are on their way before the last one is made.
                let record = CloudEventRecord.record(of: event)
                try produce(record, of: batch, number, by: client)
            }
            return batch
        }
    }

    /// Waits until the brokers have acknowledged a batch.
    ///
    /// - Throws: ``KafkaError``; some of the events may have been taken then.
    func deliver(_ batch: Batch) async throws {
        guard batch.update({ $0.openCount }) > 0 else { return }
        try await using { [self] client in try wait(for: batch, client) }
    }

    /// Work with the client, which is let go when it fails.
    private func using<T: Sendable>(
        _ body: @escaping @Sendable (KafkaClient) throws -> T
    ) async throws -> T {
        try await thread.run { [self] in
            let client = try openClient()
            do {
                return try body(client)
            } catch {
                // Acknowledgements that lie there count.
                while (try? poll(client, milliseconds: 0)) ?? true {}
                // What it still holds must not arrive after what is sent anew.
                state.withLock { $0.replaceClient(by: nil) }
                rd_kafka_purge(
                    client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
                throw error
            }
        }
    }

    private func openClient() throws -> KafkaClient {
        let (known, isWorking) = state.withLock { ($0.client, !$0.batches.isEmpty) }
        // A dead one tells the batches that it has. Another one that took the next batch meanwhile
        // would bring it there before them.
        if let known, isWorking || known.fatalError == nil { return known }
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
        state.withLock { $0.replaceClient(by: new) }
        return new
    }

    private func produce(
        _ record: KafkaRecord, of batch: Batch, _ number: UInt, by client: KafkaClient
    ) throws {
        while true {
            let result = record.produce(by: client.handle, of: number)
            switch result {
            case RD_KAFKA_RESP_ERR_NO_ERROR: return
            case RD_KAFKA_RESP_ERR__QUEUE_FULL: try waitForReports(about: batch, client)
            default:
                if let fatal = client.fatalError { throw fatal }
                // It may be refused for ever, and what went before is not to be sent for as long.
                for other in state.withLock({ Array($0.batches.values) }) where other !== batch {
                    try wait(for: other, client)
                }
                throw KafkaError(result, "\(record.topic), event \(record.id)")
            }
        }
    }

    private func wait(for batch: Batch, _ client: KafkaClient) throws {
        while batch.update({ $0.openCount }) > 0 { try waitForReports(about: batch, client) }
    }

    private func waitForReports(about batch: Batch, _ client: KafkaClient) throws {
        let end = isStopping() ? ContinuousClock.now + Self.patienceAtEnd : nil
        if let end { batch.update { $0.deadline = min($0.deadline, end) } }
        // Also when it is late: what lies there has come in time.
        guard try !poll(client, milliseconds: Self.pollMilliseconds) else { return }
        let problem = batch.update { state -> KafkaError? in
            if state.isLetGo { return Self.letGo }
            guard ContinuousClock.now >= state.deadline else { return nil }
            return state.lastError
                ?? KafkaError(name: "TIMED_OUT", description: "no broker acknowledged in time")
        }
        if let problem { throw problem }
    }

    /// False when nothing has come.
    private func poll(_ client: KafkaClient, milliseconds: Int32) throws -> Bool {
        guard let event = rd_kafka_queue_poll(client.queue, milliseconds) else { return false }
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            var refusal: KafkaError?
            while let message = rd_kafka_event_message_next(event) {
                let code = message.pointee.err
                if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                    acknowledged(UInt(bitPattern: message.pointee._private))
                } else if refusal == nil {
                    let topic = message.pointee.rkt.flatMap { rd_kafka_topic_name($0) }
                    refusal = KafkaError(code, topic.map { String(cString: $0) } ?? "topic")
                }
            }
            if let refusal { throw client.fatalError ?? refusal }
        case RD_KAFKA_EVENT_ERROR:
            if let fatal = client.fatalError { throw fatal }
            let error = KafkaError(
                name: rd_kafka_event_error(event).name,
                description: String(cString: rd_kafka_event_error_string(event)))
            for batch in state.withLock({ Array($0.batches.values) }) {
                batch.update { $0.lastError = error }
            }
        default: break
        }
        return true
    }

    private func acknowledged(_ number: UInt) {
        state.withLock { state in
            let openCount = state.batches[number]?.update { state in
                state.openCount -= 1
                return state.openCount
            }
            if openCount == 0 { state.batches[number] = nil }
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

    /// - Parameter number: comes back with the broker's acknowledgement.
    func produce(by client: OpaquePointer, of number: UInt) -> rd_kafka_resp_err_t {
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
                    timestamp, list, UnsafeMutableRawPointer(bitPattern: number))
            }
        }
        if result != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(list) }
        return result
    }
}
