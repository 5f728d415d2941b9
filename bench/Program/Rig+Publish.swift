import EventBus
import Events
import Foundation
import Storage

extension Rig {
    /// Publishes events one transaction after the other, a batch in each.
    func publish(from first: Int, count: Int, batch: Int, keyCount: Int) async throws {
        let (source, outbox) = (try source, outbox)
        var next = first
        while next < first + count {
            let numbers = next..<min(next + batch, first + count)
            try await source.write { transaction in
                for number in numbers {
                    try outbox.publish(
                        Happened(number: number, keyCount: keyCount), in: transaction)
                }
            }
            next = numbers.upperBound
        }
    }

    /// Waits until every consumer of this process has handled so many events.
    func handled(_ count: Int, within limit: Duration = .seconds(300)) async throws {
        let end = ContinuousClock.now + limit
        while counts.contains(where: { $0.value < count }) {
            try verify(
                .now < end, "\(counts.map(\.value)) of \(count) events were handled in \(limit)")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Waits until every consumer, in whichever process, has taken the log to its head.
    func taken(within limit: Duration = .seconds(300)) async throws {
        let head = try await source.read { transaction in
            try transaction.first("SELECT MAX(position) AS head FROM outbox_events")?
                .get("head", as: Int64.self) ?? 0
        }
        let end = ContinuousClock.now + limit
        for sink in sinks {
            let consumerCount = consumerCounts[sink.name, default: 0]
            while try await sink.read({ transaction in
                // A consumer that took nothing yet has no place.
                try transaction.first(
                    "SELECT COUNT(*) AS n FROM inbox_cursors WHERE position >= \(head)"
                )?.get("n", as: Int.self) ?? 0
            }) < consumerCount {
                try verify(.now < end, "\(sink.name) has not taken \(head) in \(limit)")
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    /// Fails unless each consumer handled each of so many events, once.
    func verifyHandled(_ count: Int) async throws {
        var handled: [String: Int] = [:]
        for sink in sinks {
            let (rows, parked) = try await sink.read { transaction in
                let rows = try transaction.rows(
                    "SELECT consumer, COUNT(*) AS n FROM inbox_handled GROUP BY consumer"
                ).map { (try $0.get("consumer", as: String.self), try $0.get("n", as: Int.self)) }
                let parked = try transaction.first("SELECT COUNT(*) AS n FROM inbox_parked")
                return (rows, try parked?.get("n", as: Int.self) ?? 0)
            }
            try verify(parked == 0, "\(parked) events are parked at \(sink.name)")
            handled.merge(rows) { $1 }
        }
        try verify(
            handled.count == plan.consumerCount && handled.values.allSatisfy { $0 == count },
            "handled were \(handled), not \(count) by each of \(plan.consumerCount) consumers")
    }

    /// How many events lie in the publisher's log.
    func publishedCount() async throws -> Int {
        try await source.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM outbox_events")?.get("n") ?? 0
        }
    }

    /// The processes that hold a lease on consumers of the sinks.
    func holderCount() async throws -> Int {
        var holders: Set<String> = []
        for sink in sinks {
            let rows = try await sink.read { transaction in
                try transaction.rows(
                    "SELECT holder FROM bus_leases WHERE NOT is_released AND expires_at > \(Date())"
                ).map { try $0.get("holder", as: String.self) }
            }
            holders.formUnion(rows)
        }
        return holders.count
    }
}
