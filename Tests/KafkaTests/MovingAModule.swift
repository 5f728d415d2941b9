import EventBus
import FlotillaTesting
import Foundation
import Kafka
import Storage
import Synchronization
import Testing

/// From one process to two and back, under load.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Moving a module` {
    private func harbour() async throws -> (MockCluster, Harbour) {
        let cluster = try MockCluster()
        try cluster.tell("topic port.events 3")
        try cluster.tell("topic bus.events 3")
        return (cluster, try await Harbour(cluster.brokers))
    }

    /// Ships until it is told to end; says how many there were.
    private final class Traffic: Sendable {
        private let isOver = Atomic(false)

        func end() { isOver.store(true, ordering: .releasing) }

        func run(in harbour: Harbour) async throws -> Int {
            var count = 0
            while !isOver.load(ordering: .acquiring) {
                count += 1
                try await harbour.ship("a", count...count)
                try await Task.sleep(for: .milliseconds(5))
            }
            return count
        }
    }

    @Test func `loses nothing, doubles nothing and keeps the order, there and back`() async throws {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        let cutover = try harbour.cutover()
        let traffic = Traffic()
        try await harbour.running(harbour.whole()) {
            let shipping = Task { try await traffic.run(in: harbour) }
            try await cutover.shadow()
            try await harbour.running(harbour.quay()) {
                for isThere in [true, false, true] {
                    let (before, goal) = (try await cutover.leases(), try await cutover.standing())
                    if isThere {
                        try await eventually {
                            do {
                                try await cutover.toBroker(since: goal)
                                return true
                            } catch CutoverError.notReceived { return false }
                        }
                    } else {
                        try await cutover.rollBack()
                    }
                    try await eventually {
                        before.areSucceeded(by: try await cutover.leases(), of: 1)
                    }
                    let seen = harbour.seen.all.count
                    try await eventually { harbour.seen.all.count > seen + 50 }
                }
                traffic.end()
            }
            // The quay's process is gone, and the route still leads to it.
            let count = try await shipping.value
            try await harbour.running(harbour.quay()) {
                try await harbour.arrival(of: "a", count)
            }
        }
        let verification = try await cutover.verify(since: cutover.standing())
        #expect(verification.isGood, "\(verification)")
        #expect(verification.sides.contains { $0.side == "before" && $0.published > 50 })
        #expect(verification.sides.contains { $0.side == "after" && $0.published > 50 })
    }

    @Test func `is refused while the broker has not brought everything`() async throws {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try await harbour.ship("a", 1...3)
        await #expect(throws: CutoverError.notReceived(log: "port", received: 0, newest: 3)) {
            let cutover = try harbour.cutover()
            try await cutover.toBroker(since: cutover.standing())
        }
    }

    @Test func `says what is missing`() async throws {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try await harbour.ship("a", 1...10)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 10)
        }
        let cutover = try harbour.cutover()
        #expect(try await cutover.verify(since: cutover.standing()).isGood)
        try await harbour.quayDatabase.write { transaction in
            try transaction.execute("DELETE FROM inbox_events WHERE log_position = 4")
            try transaction.execute("UPDATE inbox_marks SET position = 7")
        }
        let verification = try await cutover.verify(since: cutover.standing())
        #expect(verification.sides.map(\.isEqual) == [true, false])
        #expect(verification.untaken.map(\.taken) == [7])
    }
}
