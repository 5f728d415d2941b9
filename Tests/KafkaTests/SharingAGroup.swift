import EventBus
import Events
import FlotillaTesting
import Foundation
import Kafka
import Storage
import Synchronization
import Testing

/// Several processes of a module, members of one group over one database.
@Suite(.serialized, .timeLimit(.minutes(4))) struct `Sharing a group` {
    private static let ships = ["a", "b", "c", "d"]

    private func harbour(_ storage: StorageEngine) async throws -> (MockCluster, Harbour) {
        let cluster = try MockCluster()
        for topic in ["port", "bus"] { try cluster.tell("topic \(topic).events 3") }
        let harbour = try await Harbour(cluster.brokers, storage: storage) {
            // Members hear of a rebalance by the answer to a heartbeat.
            $0.properties["heartbeat.interval.ms"] = "300"
        }
        return (cluster, harbour)
    }

    // MARK: - A rebalance

    /// Holds handlers up until it is opened.
    private final class Gate: Sendable {
        private let isEntered = Atomic(false)
        private let isOpen = Atomic(false)
        var hasVisitor: Bool { isEntered.load(ordering: .acquiring) }

        func open() { isOpen.store(true, ordering: .releasing) }

        func pass() async throws {
            isEntered.store(true, ordering: .releasing)
            try await eventually { isOpen.load(ordering: .acquiring) }
        }
    }

    private static func crew(_ gate: Gate, _ unloaded: Harbour.Seen) -> Subscription {
        .effect(
            "quay.crew",
            [
                .on(Shipped.self) { event, _ in
                    try await gate.pass()
                    return { $0.afterCommit { unloaded.add(event) } }
                }
            ])
    }

    @Test(arguments: StorageEngine.allCases)
    func `members come and go while a handler runs, and every effect happens once, in order`(
        storage: StorageEngine
    ) async throws {
        let (cluster, harbour) = try await harbour(storage)
        defer { withExtendedLifetime(cluster) {} }
        let (gate, unloaded) = (Gate(), Harbour.Seen())
        let subscriptions = [Harbour.arrivals(harbour.seen), Self.crew(gate, unloaded)]
        let first = try harbour.quay(hearing: subscriptions)
        let second = try harbour.quay(hearing: subscriptions)
        @Sendable func ship(_ numbers: ClosedRange<Int>) async throws {
            for ship in Self.ships { try await harbour.ship(ship, numbers) }
        }
        @Sendable func areDone(_ seen: Harbour.Seen, _ count: Int) -> Bool {
            Self.ships.allSatisfy { seen.numbers(of: $0).count >= count }
        }
        try await harbour.running(harbour.port(), first.bus) {
            try await ship(1...20)
            try await eventually { gate.hasVisitor && first.partitionCount == 3 }
            try await harbour.running(second.bus) {
                try await eventually {
                    (1...2).contains(second.partitionCount)
                        && first.partitionCount + second.partitionCount == 3
                }
                try await ship(21...40)
                try await eventually { areDone(harbour.seen, 40) }
                #expect(unloaded.all.isEmpty, "the crew has been at its first work all the time")
                gate.open()
                try await eventually { areDone(unloaded, 40) }
            }
            try await eventually { first.partitionCount == 3 }
            try await ship(41...60)
            try await eventually { areDone(harbour.seen, 60) && areDone(unloaded, 60) }
        }
        for ship in Self.ships {
            #expect(harbour.seen.numbers(of: ship) == Array(1...60))
            #expect(unloaded.numbers(of: ship) == Array(1...60))
        }
    }

    // MARK: - Versions

    /// What a newer program of the port says.
    private struct ShippedV2: Event {
        static let type: EventType = "ShippedEventV2"
        static let topic: Topic = "port.events"
        let ship: String
        let number: Int
        let flag: String
        var key: String { ship }
        static var upcasters: [Upcaster] {
            [
                upcast(from: Shipped.self) {
                    ShippedV2(ship: $0.ship, number: $0.number, flag: "none")
                }
            ]
        }
    }

    private static func newerArrivals(_ seen: Harbour.Seen) -> Subscription {
        Subscription(
            "quay.arrivals",
            [
                .on(ShippedV2.self) { event, _, transaction in
                    transaction.afterCommit {
                        seen.add(Shipped(ship: event.ship, number: event.number))
                    }
                }
            ])
    }

    @Test(arguments: StorageEngine.allCases)
    func `what an older member gives up for its version, the newer one handles when it takes over`(
        storage: StorageEngine
    ) async throws {
        let (cluster, harbour) = try await harbour(storage)
        defer { withExtendedLifetime(cluster) {} }
        let versions: [any Event.Type] = [ShippedV2.self]
        @Sendable func newer() throws -> Harbour.Member {
            try harbour.quay(hearing: [Self.newerArrivals(harbour.seen)], of: versions)
        }
        @Sendable func ship(_ numbers: ClosedRange<Int>) async throws {
            for ship in Self.ships {
                try await harbour.publish(
                    numbers.map { ShippedV2(ship: ship, number: $0, flag: "FR") })
            }
        }
        /// Whether each of the events was handled or is put aside.
        @Sendable func isSettled(_ count: Int) async throws -> Bool {
            let parked = try await harbour.quayDatabase.read { transaction in
                try transaction.first("SELECT COUNT(*) AS n FROM inbox_parked")?
                    .get("n", as: Int.self) ?? 0
            }
            return parked + harbour.seen.all.count == count * Self.ships.count
        }
        let older = try harbour.quay(hearing: [Harbour.arrivals(harbour.seen)])
        try await harbour.running(harbour.port()) {
            try await harbour.running(older.bus) {
                for ship in Self.ships { try await harbour.ship(ship, 1...20) }
                try await eventually { try await isSettled(20) }
                let member = try newer()
                try await harbour.running(member.bus) {
                    try await eventually { member.partitionCount > 0 }
                    try await ship(21...40)
                    try await eventually { try await isSettled(40) }
                }
                try await ship(41...60)
                try await eventually { try await isSettled(60) }
            }
            let heads = Set(try await harbour.deadLetters().map(\.event.envelope.key))
            #expect(heads == Set(Self.ships), "the older one alone can but give up")
            try await harbour.running(newer().bus) {
                for ship in Self.ships { try await harbour.arrival(of: ship, 60) }
            }
        }
        #expect(try await harbour.deadLetters().isEmpty)
    }

    /// What a newer program of the quay begins to hear.
    private struct Anchored: Event {
        static let type: EventType = "AnchoredEventV1"
        static let topic: Topic = "port.events"
        let ship: String
        var key: String { ship }
    }

    @Test func `a type that only the newer member hears can be heard again from what was kept`()
        async throws
    {
        let (cluster, harbour) = try await harbour(.sqlite)
        defer { withExtendedLifetime(cluster) {} }
        let anchored = Harbour.Seen()
        let newer = Subscription(
            "quay.arrivals", replay: .repeated,
            [
                .on(Shipped.self) { _, _, _ in },
                .on(Anchored.self) { event, _, transaction in
                    transaction.afterCommit { anchored.add(Shipped(ship: event.ship, number: 1)) }
                },
            ])
        let older = try harbour.quay(hearing: [Harbour.arrivals(harbour.seen)])
        let types: [any Event.Type] = [Shipped.self, Anchored.self]
        try await harbour.running(harbour.port(), older.bus) {
            try await harbour.publish([Anchored(ship: "a"), Shipped(ship: "a", number: 1)])
            try await harbour.arrival(of: "a", 1)
        }
        let program = try EventRegistry([
            .init(module: "port", publishes: types, subscriptions: []),
            .init(module: "quay", publishes: [], subscriptions: [newer]),
        ])
        let replays = Replays(
            registry: program, databases: ["quay": harbour.quayDatabase],
            subscriptions: [("quay", newer)], offsets: .received)
        try await harbour.running(harbour.quay(hearing: [newer], of: types).bus) {
            try await replays.request(of: "quay.arrivals", by: "test")
            try await eventually { anchored.all.count == 1 }
        }
    }
}
