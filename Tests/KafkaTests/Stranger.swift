import CKafka
import Events
import Foundation

@testable import Kafka

/// Somebody else who writes to our topics, with nothing of ours.
struct Stranger {
    let brokers: String

    /// Writes records to the port's topic, and waits until they are there; blocks.
    func write(_ records: [Record]) throws {
        let client = try KafkaClient(
            RD_KAFKA_PRODUCER, settings: KafkaSettings(brokers: brokers), properties: [:])
        for record in records {
            let list = rd_kafka_headers_new(record.headers.count)
            for (name, value) in record.headers {
                rd_kafka_header_add(list, name, -1, value, -1)
            }
            let result = record.key.withUnsafeBytes { key in
                record.value.withUnsafeBytes { value in
                    flotilla_kafka_produce(
                        client.handle, "port.events", key.isEmpty ? nil : key.baseAddress,
                        key.count, value.isEmpty ? nil : value.baseAddress, value.count,
                        record.timestamp, list, nil)
                }
            }
            guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(result, "write") }
        }
        rd_kafka_flush(client.handle, 10_000)
    }

    struct Record {
        var key = Array("stranger".utf8)
        var value = Array(#"{"ship": "stranger", "number": 1}"#.utf8)
        var headers: [(String, String)] = [
            ("ce_specversion", "1.0"), ("ce_id", "x-1"), ("ce_source", "urn:elsewhere"),
            ("ce_type", "ShippedEventV1"), ("content-type", "application/json"),
        ]
        var timestamp: Int64 = 0

        func with(_ name: String, _ value: String?) -> Record {
            var record = self
            record.headers.removeAll { $0.0 == name }
            if let value { record.headers.append((name, value)) }
            return record
        }

        func with(value: some Sequence<UInt8>) -> Record {
            var record = self
            record.value = Array(value)
            return record
        }
    }
}
