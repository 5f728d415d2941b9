import CKafka
import Foundation

// A cluster of brokers in memory that speaks Kafka's protocol over TCP, for faults that a real one
// can't be told to have. Prints its address, then takes commands, a line each, and answers each
// with a line:
//
//   topic NAME PARTITIONS          makes a topic
//   errors API CODE COUNT          the next requests of that API (a number) fail with that code
//   latency BROKER MILLISECONDS    every answer of a broker comes later
//   down BROKER | up BROKER        a broker goes away and comes back
//   leader TOPIC PARTITION BROKER  a partition moves

/// What a line asks for can't be done.
struct Refusal: Error { let reason: String }

/// Writes at once, also into a pipe.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

func number(_ words: [String], _ index: Int) throws -> Int {
    guard words.indices.contains(index), let number = Int(words[index]) else {
        throw Refusal(reason: "word \(index + 1) is to be a number")
    }
    return number
}

func check(_ code: rd_kafka_resp_err_t) throws {
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw Refusal(reason: String(cString: rd_kafka_err2str(code)))
    }
}

func obey(_ words: [String], _ cluster: OpaquePointer?) throws {
    switch words.first {
    case "topic":
        try check(rd_kafka_mock_topic_create(cluster, words[1], Int32(number(words, 2)), 1))
    case "errors":
        let code = rd_kafka_resp_err_t(rawValue: Int32(try number(words, 2)))
        let codes = Array(repeating: code, count: try number(words, 3))
        rd_kafka_mock_push_request_errors_array(
            cluster, Int16(try number(words, 1)), codes.count, codes)
    case "latency":
        try check(
            rd_kafka_mock_broker_set_rtt(
                cluster, Int32(number(words, 1)), Int32(number(words, 2))))
    case "down":
        try check(rd_kafka_mock_broker_set_down(cluster, Int32(number(words, 1))))
    case "up":
        try check(rd_kafka_mock_broker_set_up(cluster, Int32(number(words, 1))))
    case "leader":
        try check(
            rd_kafka_mock_partition_set_leader(
                cluster, words[1], Int32(number(words, 2)), Int32(number(words, 3))))
    default:
        throw Refusal(reason: "there is no such command")
    }
}

let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0)
let cluster = rd_kafka_mock_cluster_new(client, 3)
say(String(cString: rd_kafka_mock_cluster_bootstraps(cluster)))
while let line = readLine() {
    do {
        try obey(line.split(separator: " ").map(String.init), cluster)
        say("ok")
    } catch {
        say("refused: \(error)")
    }
}
rd_kafka_mock_cluster_destroy(cluster)
rd_kafka_destroy(client)
