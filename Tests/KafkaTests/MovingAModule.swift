import EventBus
import FlotillaTesting
import Foundation
import Kafka
import Storage
import Synchronization
import Testing

/// From one process to two and back, under load.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Moving a module` {
    private func harbour(
        backlogMax: Int64 = 10_000
    ) async throws -> (MockCluster, Harbour) {
        let cluster = try MockCluster()
        try cluster.tell("topic port.events 3")
        try cluster.tell("topic bus.events 3")
        return (
            cluster, try await Harbour(cluster.brokers) { $0.backlogCountMax = backlogMax }
        )
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

    @Test func `begins where it was, however much is kept and waits on the other way`()
        async throws
    {
        let (cluster, harbour) = try await harbour(backlogMax: 20)
        defer { withExtendedLifetime(cluster) {} }
        let cutover = try harbour.cutover()
        try await harbour.ship("a", 1...200)
        try await harbour.ship("b", 1...200)
        try await harbour.running(harbour.whole()) {
            try await harbour.arrival(of: "b", 200)
            try await cutover.shadow()
            // The consumers run elsewhere: what comes is no backlog, and is received to the end.
            try await harbour.running(harbour.quay()) {
                try await eventually { try await harbour.places().received == 400 }
            }
            try await cutover.toBroker(since: cutover.standing())
            #expect(try await harbour.places().taken == 400)
        }
        // On its new way it goes on, and back on the old one too.
        try await harbour.ship("a", 201...220)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 220)
        }
        try await cutover.rollBack()
        let back = try await harbour.quayDatabase.read { transaction in
            try transaction.first(
                "SELECT position FROM inbox_cursors WHERE stream = 'port'"
            )?.get("position", as: Int64.self)
        }
        #expect(back == 400, "the other ship's partition brought nothing since then")
        try await harbour.running(harbour.whole()) {
            try await harbour.ship("b", 201...201)
            try await harbour.arrival(of: "b", 201)
        }
        #expect(harbour.seen.numbers(of: "a") == Array(1...220))
    }

    @Test func `records of what was handled are dropped with time, whichever way it came`()
        async throws
    {
        let (cluster, harbour) = try await harbour()
        defer { withExtendedLifetime(cluster) {} }
        try await harbour.ship("a", 1...3)
        try await harbour.running(harbour.port(), harbour.quay()) {
            try await harbour.arrival(of: "a", 3)
        }
        func count() async throws -> Int? {
            try await harbour.quayDatabase.read { transaction in
                try transaction.first("SELECT COUNT(*) AS n FROM inbox_handled")?.get("n")
            }
        }
        #expect(try await count() == 3)
        try await harbour.quayDatabase.write {
            try $0.execute(
                "UPDATE inbox_handled SET handled_at = \(Date(timeIntervalSince1970: 0))")
        }
        try await harbour.quay().sweep()
        #expect(try await count() == 0)
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

extension Harbour {
    /// How many records the quay has received, and up to where its consumer is said to be.
    fileprivate func places() async throws -> (received: Int64, taken: Int64) {
        try await quayDatabase.read { transaction in
            func sum(_ query: SQL) throws -> Int64 {
                try transaction.rows(query).reduce(0) {
                    try $0 + $1.get("position", as: Int64.self)
                }
            }
            return (
                try sum("SELECT position FROM inbox_streams WHERE topic = 'port.events'"),
                try sum("SELECT position FROM inbox_cursors WHERE stream LIKE 'port.events/%'")
            )
        }
    }
}
