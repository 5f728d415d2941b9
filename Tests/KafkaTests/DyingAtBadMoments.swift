import CKafka
import EventBus
import Events
import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

@testable import Kafka

/// On librdkafka's mock cluster: processes that end between two things that belong together.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Dying at bad moments` {
    /// Numbers of Kafka's requests (protocol guide, "Api Keys"), and error codes of it.
    private static let offsetCommit = 8
    private static let syncGroup = 14
    private static let rebalanceInProgress = 27
    private static let groupAuthorizationFailed = 30

    private func harbour() async throws -> (MockCluster, Harbour) {
        let cluster = try MockCluster()
        for topic in ["port", "bus"] { try cluster.tell("topic \(topic).events 3") }
        return (cluster, try await Harbour(cluster.brokers))
    }

    /// Ends each time when the brokers have acknowledged a batch.
    private final class DyingTransport: Transport {
        struct Died: Error {}
        private let kafka: KafkaTransport
        let sentCount = Atomic(0)
        var reader: String? { kafka.reader }

        init(_ kafka: KafkaTransport) { self.kafka = kafka }

        func open(_ log: OutboxLog, after position: Int64) async throws {
            try await kafka.open(log, after: position)
        }

        func send(_ batch: LogBatch) async throws -> Shipment {
            try await kafka.send(batch).arrived()
            sentCount.add(1, ordering: .acquiringAndReleasing)
            throw Died()
        }

        func inflow(
            for consumer: String, topics: Set<Topic>?, database: Database, wake: Signal
        ) -> any Inflow {
            kafka.inflow(for: consumer, topics: topics, database: database, wake: wake)
        }

        func stop() { kafka.stop() }
    }

    @Test func `between acknowledgement and mark: what is sent again is handled once`()
        async throws
    {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        for ship in ["a", "b", "c"] { try await harbour.ship(ship, 1...100) }
        let dying = DyingTransport(
            KafkaTransport(settings: harbour.settings, registry: harbour.registry))
        try await harbour.running(harbour.port(by: dying)) {
            try await eventually { dying.sentCount.load(ordering: .acquiring) >= 2 }
        }
        try await harbour.die()
        let log = OutboxLog(module: "port", database: harbour.portDatabase)
        #expect(try await log.readers().map(\.position) == [0], "no mark was stored")
        try await harbour.running(harbour.port(), harbour.quay()) {
            for ship in ["a", "b", "c"] { try await harbour.arrival(of: ship, 100) }
        }
        let received = try await harbour.received()
        #expect(received.newCount == 300)
        #expect(received.readCount >= 500, "the first batch lies in the topic three times")
    }

    @Test func `between inbox and group: the database says where a partition is read on`()
        async throws
    {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try cluster.tell(
            "errors \(Self.offsetCommit) \(Self.groupAuthorizationFailed) 1000")
        for (first, last) in [(1, 100), (101, 150)] {
            try await harbour.ship("a", first...last)
            try await harbour.running(harbour.port(), harbour.quay()) {
                try await harbour.arrival(of: "a", last)
            }
            #expect(try Group(harbour).offsets() == [nil, nil, nil], "the group knows nothing")
            #expect(try await harbour.received() == (last, last), "and nothing was read twice")
            try await harbour.die()
        }
    }

    @Test func `a group that is ahead of the database makes nothing be skipped`() async throws {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try await harbour.ship("a", 1...100)
        try await harbour.running(harbour.port()) { try await harbour.hasSent() }
        try Group(harbour).commit(100)
        #expect(try Group(harbour).offsets() == [100, 100, 100])
        try await harbour.running(harbour.quay()) { try await harbour.arrival(of: "a", 100) }
    }

    @Test func `between joining a group and the first assignment, is an end like any other`()
        async throws
    {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try cluster.tell("errors \(Self.syncGroup) \(Self.rebalanceInProgress) 1000")
        let member = try harbour.quay(hearing: [Harbour.arrivals(harbour.seen)])
        try await harbour.running(member.bus) {
            try await eventually {
                guard
                    let receiver = member.transport.state.withLock({ $0.receivers["quay"] }),
                    let name = rd_kafka_memberid(receiver.client.handle)
                else { return false }
                defer { rd_kafka_mem_free(receiver.client.handle, name) }
                return name.pointee != 0
            }
        }
        #expect(member.partitionCount == 0)
    }

    /// What the brokers remember of the quay's group.
    private struct Group {
        private let client: KafkaClient

        init(_ harbour: Harbour) throws {
            client = try KafkaClient(
                RD_KAFKA_CONSUMER, settings: harbour.settings, properties: [:],
                required: ["group.id": "\(harbour.settings.groupPrefix).quay"])
        }

        private func places(_ offset: Int64?) -> [(KafkaReceiver.Partition, Int64?)] {
            (0..<3).map { (KafkaReceiver.Partition(topic: "port.events", number: $0), offset) }
        }

        func offsets() throws -> [Int64?] {
            try KafkaReceiver.withList(of: places(nil)) { list in
                let result = rd_kafka_committed(client.handle, list, 20_000)
                guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
                    throw KafkaError(result, "committed")
                }
                return (0..<Int(list.pointee.cnt)).map {
                    let offset = list.pointee.elems[$0].offset
                    return offset < 0 ? nil : offset
                }
            }
        }

        func commit(_ offset: Int64) throws {
            let result = KafkaReceiver.withList(of: places(offset)) {
                rd_kafka_commit(client.handle, $0, 0)
            }
            guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(result, "commit") }
        }
    }
}

/// Waits for a condition; the suite's time limit is the limit.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
}
