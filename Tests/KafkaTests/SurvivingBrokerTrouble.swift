import EventBus
import Events
import FlotillaTesting
import Foundation
import Kafka
import Storage
import Testing

/// On librdkafka's mock cluster: what a broker can't be told to do.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Surviving broker trouble` {
    /// Numbers of Kafka's requests (protocol guide, "Api Keys").
    private static let produce = 0
    private static let fetch = 1
    /// Error codes of the protocol.
    private static let unknownTopic = 3
    private static let notLeader = 6
    private static let requestTimedOut = 7
    private static let messageTooLarge = 10
    private static let notEnoughReplicas = 19
    private static let topicAuthorizationFailed = 29

    @Test func `carries what was published before and meanwhile, in order`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        try await harbour.ship("before", 1...300)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "before", 300)
            for number in 1...20 { try await harbour.ship("meanwhile", number...number) }
            try await harbour.arrival(of: "meanwhile", 20)
        }
    }

    @Test(arguments: [notLeader, requestTimedOut, notEnoughReplicas, messageTooLarge])
    func `sends again what a broker refused for a while`(code: Int) async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        try cluster.tell("errors \(Self.produce) \(code) 5")
        try await harbour.ship("a", 1...200)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 200)
        }
    }

    @Test func `goes on when rights are lost and given back`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        let port = harbour.port()
        try await harbour.running(port, harbour.quay()) {
            try await harbour.ship("a", 1...10)
            try await harbour.arrival(of: "a", 10)
            try cluster.tell("errors \(Self.produce) \(Self.topicAuthorizationFailed) 3")
            try await harbour.ship("a", 11...20)
            try await harbour.arrival(of: "a", 20)
        }
    }

    /// The client dies of it while nobody looks; what is sent meanwhile must not come there first.
    @Test(arguments: 1...6)
    func `lets no window overtake one that a broker refused for good`(refusalCount: Int)
        async throws
    {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.ship("a", 1...10)
            try await harbour.arrival(of: "a", 10)
            try cluster.tell(
                "errors \(Self.produce) \(Self.topicAuthorizationFailed) \(refusalCount)")
            try await harbour.ship("a", 11...1_000)
            try await harbour.arrival(of: "a", 1_000)
            let logs = try await harbour.quayDatabase.read { transaction in
                try transaction.rows("SELECT DISTINCT log FROM inbox_marks").count
            }
            #expect(logs == 1, "nothing looks like a log that went back")
        }
    }

    @Test func `goes on when brokers go away one after the other, and leaders move`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        try await harbour.running(harbour.port(), harbour.quay()) {
            var sent = 0
            func some() async throws {
                try await harbour.ship("a", sent + 1...sent + 50)
                sent += 50
            }
            try await some()
            for broker in 1...3 {
                try cluster.tell("down \(broker)")
                try await some()
                for partition in 0..<3 {
                    try cluster.tell("leader port.events \(partition) \(broker % 3 + 1)")
                }
                try await some()
                try cluster.tell("up \(broker)")
            }
            for broker in 1...3 { try cluster.tell("down \(broker)") }
            try await some()
            try await Task.sleep(for: .seconds(2))
            for broker in 1...3 { try cluster.tell("up \(broker)") }
            try await some()
            try await harbour.arrival(of: "a", sent)
        }
    }

    @Test func `a slow broker delays, and nothing else`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        for broker in 1...3 { try cluster.tell("latency \(broker) 400") }
        try await harbour.ship("a", 1...500)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 500)
        }
    }

    @Test func `a process that follows another reads on where that one stopped`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        for round in 0..<3 {
            try await harbour.ship("a", round * 40 + 1...round * 40 + 40)
            try await harbour.running(harbour.port(), harbour.quay()) {
                try await harbour.arrival(of: "a", round * 40 + 40)
            }
        }
    }

    @Test func `a cluster that lost everything gets what is published from then on`() async throws {
        let harbour: Harbour
        do {
            let cluster = try MockCluster()
            try cluster.tell("topic port.events 3")
            try cluster.tell("topic bus.events 3")
            harbour = try await Harbour(cluster.brokers)
            try await harbour.ship("a", 1...40)
            try await harbour.running(harbour.port(), harbour.quay()) {
                try await harbour.arrival(of: "a", 40)
            }
        }
        let cluster = try MockCluster()
        try cluster.tell("topic port.events 3")
        try cluster.tell("topic bus.events 3")
        let successor = harbour.moved(to: cluster.brokers)
        try await successor.ship("a", 41...60)
        try await successor.running(successor.port(), successor.quay()) {
            try await successor.arrival(of: "a", 60)
        }
    }

    @Test func `one that was filled anew, and further, is read from its beginning`() async throws {
        let old = try MockCluster()
        let harbour = try await Self.harbour(on: old)
        try await harbour.ship("a", 1...40)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 40)
        }
        let new = try MockCluster()
        for topic in ["port", "bus"] { try new.tell("topic \(topic).events 3") }
        let successor = harbour.moved(to: new.brokers)
        // The same key lies in the same partition, which is longer than what was read of the old
        // one when the reader comes.
        try await successor.ship("a", 41...140)
        try await successor.running(successor.port()) { try await successor.hasSent() }
        try await successor.republish()
        try await successor.running(successor.port()) { try await successor.hasSent() }
        try await successor.running(successor.quay()) {
            try await successor.arrival(of: "a", 140)
        }
    }

    @Test func `what a broker lost before anybody read it is handled when it is sent again`()
        async throws
    {
        let old = try MockCluster()
        let harbour = try await Self.harbour(on: old)
        try await harbour.ship("a", 1...40)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 40)
        }
        try await harbour.ship("a", 41...60)
        try await harbour.running(harbour.port()) { try await harbour.hasSent() }
        let new = try MockCluster()
        for topic in ["port", "bus"] { try new.tell("topic \(topic).events 3") }
        let successor = harbour.moved(to: new.brokers)
        try await successor.ship("a", 61...70)
        try await successor.running(successor.port(), successor.quay()) {
            try await eventually { successor.seen.all.count == 50 }
            try await successor.republish()
            try await eventually { successor.seen.all.count >= 70 }
            try await successor.ship("a", 71...80)
            try await eventually { successor.seen.all.count >= 80 }
        }
        // Late is the best that can be; the lost ones keep their order.
        let late = Array(1...40) + Array(61...70) + Array(41...60) + Array(71...80)
        #expect(successor.seen.numbers(of: "a") == late)
    }

    @Test(arguments: [produce, fetch])
    func `goes on when a topic is away for a while`(api: Int) async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.ship("a", 1...10)
            try await harbour.arrival(of: "a", 10)
            try cluster.tell("errors \(api) \(Self.unknownTopic) 6")
            try await harbour.ship("a", 11...20)
            try await harbour.arrival(of: "a", 20)
        }
    }

    @Test func `waits for room in a queue that is full`() async throws {
        let cluster = try MockCluster()
        let harbour = try await Self.harbour(on: cluster) {
            $0.properties["queue.buffering.max.messages"] = "10"
        }
        let transport = KafkaTransport(settings: harbour.settings, registry: harbour.registry)
        try await harbour.ship("a", 1...300)
        try await harbour.ship("b", 1...300)
        try await harbour.running(harbour.port(by: transport), harbour.quay()) {
            try await harbour.arrival(of: "a", 300)
            try await harbour.arrival(of: "b", 300)
            try await harbour.hasSent()
        }
        #expect(transport.problem == nil)
        let reader = try await OutboxLog(module: "port", database: harbour.portDatabase).readers()
        #expect(reader.map(\.attempts) == [0], "a full queue is no failure")
        #expect(try await harbour.received() == (600, 600))
    }

    private static func harbour(
        on cluster: MockCluster, change: (inout KafkaSettings) -> Void = { _ in }
    ) async throws -> Harbour {
        for topic in ["port", "bus"] { try cluster.tell("topic \(topic).events 3") }
        return try await Harbour(cluster.brokers, change: change)
    }

    @Test func `says which topic has another number of partitions`() async throws {
        let cluster = try MockCluster()
        try cluster.tell("topic port.events 5")
        try cluster.tell("topic bus.events 3")
        let harbour = try await Harbour(cluster.brokers)
        let transport = KafkaTransport(settings: harbour.settings, registry: harbour.registry)
        let error = await #expect(throws: KafkaError.self) { try await transport.check() }
        #expect(error?.description.contains("port.events has 5 partitions") ?? false)
    }
}
