import CKafka
import Foundation
import Synchronization

/// A client of librdkafka's.
///
/// `@unchecked Sendable`: the handle is librdkafka's, whose functions may be called from any thread
/// (INTRODUCTION.md, "Threads and callbacks"); it is let go once, when nobody holds the client.
final class KafkaClient: @unchecked Sendable {
    let handle: OpaquePointer
    /// Where everything comes that is to be polled.
    let queue: OpaquePointer

    /// - Throws: ``KafkaError`` for properties that librdkafka refuses.
    init(
        _ kind: rd_kafka_type_t, settings: KafkaSettings, properties own: [String: String],
        required: [String: String] = [:]
    ) throws {
        let conf = rd_kafka_conf_new()
        var isOwned = true
        defer { if isOwned { rd_kafka_conf_destroy(conf) } }
        // What is ours by right comes last; all else an operator may set.
        var properties = own.merging(settings.properties) { $1 }
        properties["bootstrap.servers"] = settings.brokers
        properties.merge(required) { $1 }
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let result = rd_kafka_conf_set(conf, name, value, &text, text.count)
            guard result == RD_KAFKA_CONF_OK else {
                throw KafkaError(
                    name: "SETTINGS", description: "bus.kafka.properties: \(string(text))")
            }
        }
        rd_kafka_conf_set_events(
            conf,
            RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR
                | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_LOG)
        // Its log lines come as events too, instead of to standard error; few of them are of use.
        rd_kafka_conf_set(conf, "log.queue", "true", nil, 0)
        guard let handle = rd_kafka_new(kind, conf, &text, text.count) else {
            throw KafkaError(
                name: "SETTINGS", description: "bus.kafka.properties: \(string(text))")
        }
        isOwned = false
        self.handle = handle
        if kind == RD_KAFKA_CONSUMER {
            rd_kafka_poll_set_consumer(handle)
            queue = rd_kafka_queue_get_consumer(handle)
        } else {
            queue = rd_kafka_queue_get_main(handle)
        }
        rd_kafka_set_log_queue(handle, queue)
    }

    deinit {
        rd_kafka_queue_destroy(queue)
        // A consumer was closed before, or is not to be waited for.
        rd_kafka_destroy_flags(handle, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
    }

    /// The error that ended the client, if one did.
    var fatalError: KafkaError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(name: code.name, description: string(text))
    }
}

extension KafkaError {
    init(_ code: rd_kafka_resp_err_t, _ what: String) {
        self.init(
            name: code.name, description: "\(what): \(String(cString: rd_kafka_err2str(code)))")
    }
}

extension rd_kafka_resp_err_t {
    var name: String { String(cString: rd_kafka_err2name(self)) }
}

func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
