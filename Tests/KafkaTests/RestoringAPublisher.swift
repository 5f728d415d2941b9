import EventBus
import FlotillaTesting
import Foundation
import Kafka
import Storage
import Testing

/// The port's database comes back from a backup: its log gives out positions again of events that
/// the quay has had.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Restoring a publisher` {
    private func harbour(
        _ storage: StorageEngine = .sqlite
    ) async throws -> (MockCluster, Harbour) {
        let cluster = try MockCluster()
        for topic in ["port", "bus"] { try cluster.tell("topic \(topic).events 3") }
        return (cluster, try await Harbour(cluster.brokers, storage: storage))
    }

    private func restore(_ harbour: Harbour, to position: Int64) async throws {
        try await harbour.portDatabase.write { transaction in
            try transaction.execute("DELETE FROM outbox_events WHERE position > \(position)")
            if transaction.dialect == .postgresql {
                _ = try transaction.first("SELECT setval('outbox_positions', \(position))")
            } else {
                try transaction.execute(
                    "UPDATE sqlite_sequence SET seq = \(position) WHERE name = 'outbox_events'")
            }
            // The backup was made while some of it had yet to be sent.
            try transaction.execute("UPDATE outbox_readers SET position = \(position - 5)")
        }
    }

    @Test(arguments: StorageEngine.allCases)
    func `loses none of its new events, and doubles none of the old`(
        storage: StorageEngine
    ) async throws {
        let (cluster, harbour) = try await harbour(storage)
        defer { withExtendedLifetime(cluster) {} }
        let ships = ["a", "b", "c", "d"]
        @Sendable func ship(_ numbers: ClosedRange<Int>) async throws {
            // In turn, so that a position is another ship's the second time.
            for number in numbers {
                for ship in ships { try await harbour.ship(ship, number...number) }
            }
        }
        @Sendable func arrive(_ count: Int) async throws {
            try await harbour.running(harbour.port(), harbour.quay()) {
                for ship in ships { try await harbour.arrival(of: ship, count) }
            }
        }
        try await ship(1...20)
        try await arrive(20)
        try await restore(harbour, to: 33)
        // Nothing says that the process that was restored finds a broker before it publishes.
        try await ship(21...25)
        try await arrive(25)
        try await restore(harbour, to: 41)
        try await ship(26...50)
        try await arrive(50)
        try await harbour.republish()
        try await ship(51...52)
        try await arrive(52)
    }

    @Test(arguments: [false, true])
    func `what is sent again after the quay has forgotten it has no effect`(
        isRestored: Bool
    ) async throws {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try await harbour.ship("a", 1...20)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 20)
        }
        if isRestored {
            try await restore(harbour, to: 15)
            try await harbour.ship("a", 21...25)
            try await harbour.running(harbour.port(), harbour.quay()) {
                try await harbour.arrival(of: "a", 25)
            }
        }
        try await harbour.quayDatabase.write { transaction in
            try transaction.execute("DELETE FROM inbox_events WHERE position <= 10")
            try transaction.execute("UPDATE inbox_streams SET dropped_to = 10")
        }
        try await harbour.republish()
        let last = isRestored ? 26 : 21
        try await harbour.ship("a", last...last)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", last)
        }
    }
}
