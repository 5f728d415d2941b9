import EventBus
import Events
import FlotillaTesting
import Foundation
import Testing

@testable import Kafka

@Suite(.serialized, .timeLimit(.minutes(3))) struct `Speaking CloudEvents` {
    private let envelope = Envelope(
        id: EventID(), type: "ShippedEventV1", source: "/flotilla/port", topic: "port.events",
        key: "a", time: Date(timeIntervalSince1970: 1_700_000_000.123),
        data: Data(#"{"number":1,"ship":"a"}"#.utf8),
        cause: Cause(
            correlationID: "c-1", causationID: EventID(), consumer: "quay.arrivals",
            requestID: "r-1",
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            transactionID: TransactionID()))

    private func incoming(
        _ record: KafkaRecord, offset: Int64 = 7
    ) -> CloudEventRecord.Incoming {
        CloudEventRecord.Incoming(
            topic: Topic(rawValue: record.topic), partition: 1, offset: offset,
            timestamp: record.timestamp, key: Data(record.key), value: Data(record.value),
            headers: Dictionary(
                uniqueKeysWithValues: record.headers.map { ($0.name, Data($0.value.utf8)) }))
    }

    private func incoming(
        headers: [String: String], value: String, key: String? = "k"
    ) -> CloudEventRecord.Incoming {
        CloudEventRecord.Incoming(
            topic: "port.events", partition: 1, offset: 7, timestamp: -1,
            key: key.map { Data($0.utf8) }, value: Data(value.utf8),
            headers: headers.mapValues { Data($0.utf8) })
    }

    private static let minimal = [
        "ce_specversion": "1.0", "ce_id": "x-1", "ce_source": "urn:elsewhere",
        "ce_type": "ShippedEventV1",
    ]

    @Test func `writes the attributes as headers and the payload as the value`() {
        let record = CloudEventRecord.record(
            of: LoggedEvent(log: "port", position: 42, envelope: envelope))
        let headers = Dictionary(uniqueKeysWithValues: record.headers.map { ($0.name, $0.value) })
        #expect(headers["ce_specversion"] == "1.0")
        #expect(headers["ce_id"] == envelope.id.description)
        #expect(headers["ce_type"] == "ShippedEventV1")
        #expect(headers["ce_source"] == "/flotilla/port")
        #expect(headers["ce_subject"] == "a")
        #expect(headers["ce_time"] == "2023-11-14T22:13:20.123Z")
        #expect(headers["ce_sequence"] == "00000000000000000042")
        #expect(headers["content-type"] == "application/json")
        #expect(headers["correlationId"] == "c-1")
        #expect(headers["requestId"] == "r-1")
        #expect(headers["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(headers["spanId"] == "00f067aa0ba902b7")
        #expect(record.key == Array("a".utf8))
        #expect(Data(record.value) == envelope.data)
    }

    @Test func `reads what it wrote`() {
        let event = LoggedEvent(log: "port", position: 42, envelope: envelope)
        let item = CloudEventRecord.item(of: incoming(CloudEventRecord.record(of: event)))
        #expect(item.envelope == envelope)
        #expect(item.position == 42)
    }

    @Test func `takes an id that is no UUID, and makes the same one of it each time`() {
        let first = CloudEventRecord.item(of: incoming(headers: Self.minimal, value: "{}"))
        let again = CloudEventRecord.item(of: incoming(headers: Self.minimal, value: "{}"))
        #expect(first.envelope.type == "ShippedEventV1")
        #expect(first.envelope.id == again.envelope.id)
        #expect(first.envelope.key == "k")
        #expect(first.position == nil, "no module counts it")
    }

    @Test func `reads structured mode`() {
        let value = """
            {"specversion": "1.0", "id": "x-1", "source": "urn:elsewhere", "type": "ShippedEventV1",
             "subject": "s", "time": "2026-01-02T03:04:05Z", "data": {"ship": "s", "number": 3}}
            """
        let item = CloudEventRecord.item(
            of: incoming(
                headers: ["content-type": "application/cloudevents+json; charset=utf-8"],
                value: value))
        #expect(item.envelope.type == "ShippedEventV1")
        #expect(item.envelope.key == "s")
        #expect(FlotillaJSON.rfc3339(item.envelope.time) == "2026-01-02T03:04:05.000Z")
    }

    @Test(arguments: [
        ("ce_specversion", "0.3", "is not 1.0"), ("ce_specversion", nil, "missing"),
        ("ce_id", nil, "missing"), ("ce_id", "", "missing"), ("ce_source", nil, "missing"),
        ("ce_type", nil, "missing"), ("ce_type", "A\u{0}B", "not text"),
        ("ce_time", "-0001-01-01T00:00:00Z", "RFC 3339"), ("ce_time", "yesterday", "RFC 3339"),
        ("ce_subject", String(repeating: "x", count: 600), "too long"),
    ])
    func `says what is wrong with a header`(name: String, value: String?, reason: String) throws {
        var headers = Self.minimal
        headers[name] = value
        let item = CloudEventRecord.item(of: incoming(headers: headers, value: "{}"))
        #expect(item.envelope.type == UnreadableMessage.type)
        let message = try FlotillaJSON.decode(
            UnreadableMessage.self, from: item.envelope.data)
        #expect(message.reason.contains(reason), "\(message.reason)")
    }

    @Test(arguments: ["", "{", "not json", "{\"a\": \"\u{0}\"}", "[1,2"])
    func `keeps the bytes of a value that is not JSON`(value: String) throws {
        let item = CloudEventRecord.item(of: incoming(headers: Self.minimal, value: value))
        #expect(item.envelope.type == UnreadableMessage.type)
        let message = try FlotillaJSON.decode(
            UnreadableMessage.self, from: item.envelope.data)
        #expect(message.value == Data(value.utf8))
    }

    @Test func `a stranger's events are handled, and its garbage is a dead letter with its bytes`()
        async throws
    {
        let cluster = try MockCluster()
        try cluster.tell("topic port.events 3")
        try cluster.tell("topic bus.events 3")
        let harbour = try await Harbour(cluster.brokers)
        let noise = (0..<900_000).map { _ in UInt8.random(in: 0...255) }
        let good = Stranger.Record()
        var bare = Stranger.Record().with(value: "hello".utf8)
        bare.headers = []
        // Nanoseconds instead of milliseconds: no database knows that year.
        bare.timestamp = 1_763_000_000_000_000_000
        var early = good.with("ce_id", "x-2").with(
            value: #"{"ship": "stranger", "number": 2}"#.utf8)
        early.timestamp = -5
        var newer = good.with("ce_id", "x-3").with("ce_type", "ShippedEventV2")
        newer.key = Array("another".utf8)
        try Stranger(brokers: cluster.brokers).write([
            good, bare, good.with("ce_specversion", "7"), good.with(value: "{".utf8),
            good.with(value: noise), newer,
            good.with("ce_id", "x-4").with("ce_type", "SunkEventV1"),
            good.with("ce_time", "-0005-01-01T00:00:00Z"),
            early, good,
        ])
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "stranger", 2)
            try await harbour.ship("ours", 1...3)
            try await harbour.arrival(of: "ours", 3)
            // Keys other than the stranger's are on partitions that nothing above waits for.
            try await eventually { try await harbour.deadLetters().count >= 6 }
        }
        let letters = try await harbour.deadLetters()
        let values = try letters.filter { $0.event.envelope.type == UnreadableMessage.type }.map {
            try FlotillaJSON.decode(UnreadableMessage.self, from: $0.event.envelope.data)
                .value
        }
        #expect(values.contains(Data("hello".utf8)))
        #expect(values.contains(Data(noise)))
        #expect(values.count == 5)
        #expect(letters.count == 6, "and the version that nobody knows here")
        #expect(harbour.seen.numbers(of: "stranger") == [1, 2], "the copy was known by its id")
    }
}
