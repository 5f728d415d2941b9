import ArgumentParser
import CKafka
import Events
import Foundation

/// librdkafka's own producer, with the messages that the relay sends and the same guarantees.
struct ProduceBare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce",
        abstract: "Measures librdkafka's own producer with the relay's messages.")

    @Option(help: "Bootstrap servers.")
    var brokers: String

    @OptionGroup var load: LoadOptions

    func run() async throws {
        let producer = try BareProducer(brokers: brokers, topic: Happened.topic.rawValue)
        try producer.makeTopic(partitionCount: 6)
        let messages = (0..<load.warmup + load.events).map {
            BareMessage(number: $0, keyCount: load.keys)
        }
        try producer.send(messages.prefix(load.warmup))
        let start = ContinuousClock.now
        try producer.send(messages.dropFirst(load.warmup))
        let seconds = (ContinuousClock.now - start).seconds
        try say(Measured(events: load.events, seconds: seconds))
    }
}

/// What the relay makes of an event.
struct BareMessage {
    let key: [UInt8]
    let value: [UInt8]
    let headers: [(String, String)]

    init(number: Int, keyCount: Int) {
        let event = Happened(number: number, keyCount: keyCount)
        let id = UUID().uuidString.lowercased()
        key = Array(event.key.utf8)
        value = Array(#"{"key":"\#(event.key)","number":\#(number),"text":"\#(event.text)"}"#.utf8)
        headers = [
            ("ce_specversion", "1.0"), ("ce_id", id), ("ce_type", Happened.type.rawValue),
            ("ce_source", "/flotilla/source"), ("ce_subject", event.key),
            ("ce_time", "2026-01-01T00:00:00.000Z"), ("ce_sequence", "00000000000000000001"),
            ("content-type", "application/json"), ("correlationId", id),
            ("transactionId", id),
        ]
    }
}

/// A producer of librdkafka that counts what was acknowledged.
final class BareProducer {
    private let handle: OpaquePointer
    private let queue: OpaquePointer?
    private let topic: String

    init(brokers: String, topic: String) throws {
        self.topic = topic
        let settings = [
            "bootstrap.servers": brokers, "acks": "all", "enable.idempotence": "true",
            "enable.gapless.guarantee": "true",
            "linger.ms": "0.5", "compression.type": "none", "partitioner": "murmur2_random",
            "log_level": "2",
        ]
        let conf = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in settings {
            let result = rd_kafka_conf_set(conf, name, value, &text, text.count)
            try verify(result == RD_KAFKA_CONF_OK, "\(name)=\(value) is refused")
        }
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else {
            throw WrongResult("librdkafka made no producer")
        }
        self.handle = handle
        queue = rd_kafka_queue_get_main(handle)
    }

    deinit {
        rd_kafka_queue_destroy(queue)
        rd_kafka_destroy(handle)
    }

    func makeTopic(partitionCount: Int32) throws {
        var text = [CChar](repeating: 0, count: 512)
        var wanted = [rd_kafka_NewTopic_new(topic, partitionCount, 1, &text, text.count)]
        defer { for new in wanted { rd_kafka_NewTopic_destroy(new) } }
        let answers = rd_kafka_queue_new(handle)
        defer { rd_kafka_queue_destroy(answers) }
        rd_kafka_CreateTopics(handle, &wanted, wanted.count, nil, answers)
        let answer = rd_kafka_queue_poll(answers, 10_000)
        defer { if let answer { rd_kafka_event_destroy(answer) } }
        try verify(
            answer.map(rd_kafka_event_error) == RD_KAFKA_RESP_ERR_NO_ERROR,
            "the topic was not made")
    }

    /// Sends, and waits for every acknowledgement.
    func send(_ messages: some Sequence<BareMessage>) throws {
        var openCount = 0
        for message in messages {
            while !produce(message) { try take(&openCount) }
            openCount += 1
        }
        let end = ContinuousClock.now + .seconds(120)
        while openCount > 0 {
            try verify(.now < end, "\(openCount) messages were not acknowledged")
            try take(&openCount)
        }
    }

    /// False when the queue is full.
    private func produce(_ message: BareMessage) -> Bool {
        let headers = rd_kafka_headers_new(message.headers.count)
        for (name, value) in message.headers {
            rd_kafka_header_add(headers, name, -1, value, -1)
        }
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let result = message.key.withUnsafeBytes { key in
            message.value.withUnsafeBytes { value in
                flotilla_kafka_produce(
                    handle, topic, key.baseAddress, key.count, value.baseAddress, value.count,
                    now, headers, nil)
            }
        }
        if result != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(headers) }
        return result == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    private func take(_ openCount: inout Int) throws {
        guard let event = rd_kafka_queue_poll(queue, 50) else { return }
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else { return }
        while let message = rd_kafka_event_message_next(event) {
            try verify(
                message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR,
                String(cString: rd_kafka_err2str(message.pointee.err)))
            openCount -= 1
        }
    }
}
