import EventBus
import Events
import Foundation
import Storage

/// Goes over the disks of a simulation that has come to rest, and finds guarantees that do not
/// hold.
struct Checker {
    private let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// One event that a consumer was done with, in the order in which that was committed.
    struct Entry: Sendable {
        let consumer: String
        let log: String
        let position: Int64
        /// Not an event: from this position on all is heard again.
        let isReplay: Bool
    }

    private struct Parked: Sendable {
        let consumer: String
        let log: String
        let position: Int64
        let key: String
        let state: String
        let attempts: Int
        let error: String?
    }

    func violations() throws -> [String] {
        let logs = try logs()
        var violations = missingFromLogs(logs)
        for (module, disk) in simulation.disks.sorted(by: { $0.key < $1.key }) {
            let entries = try entries(of: disk)
            let parked = try parked(on: disk)
            for consumer in simulation.registry.consumers(of: module) {
                let own = sinceReplays(entries.filter { $0.consumer == consumer })
                let aside = parked.filter { $0.consumer == consumer }
                violations += doubled(own) + disordered(own, logs: logs)
                violations += lost(consumer, handled: own, parked: aside, logs: logs)
                violations += wronglyParked(aside)
            }
        }
        return violations
    }

    /// What counts of a consumer's record: where a log was replayed, what was handled before counts
    /// up to where the replay began, and beyond that what was handled since.
    private func sinceReplays(_ entries: [Entry]) -> [Entry] {
        var valid: [Entry] = []
        for entry in entries {
            if entry.isReplay {
                valid.removeAll { $0.log == entry.log && $0.position > entry.position }
            } else {
                valid.append(entry)
            }
        }
        return valid
    }

    /// G1: what was acknowledged exists.
    private func missingFromLogs(_ logs: [String: [LoggedEvent]]) -> [String] {
        let ids = Set(logs.values.flatMap { $0.map(\.envelope.id) })
        return simulation.acknowledged.filter { !ids.contains($0) }
            .map { "G1: \($0) was acknowledged and is in no log" }
    }

    /// G2: once, not twice.
    private func doubled(_ entries: [Entry]) -> [String] {
        var counts: [String: Int] = [:]
        for entry in entries { counts["\(entry.log) \(entry.position)", default: 0] += 1 }
        return counts.filter { $0.value > 1 }.sorted { $0.key < $1.key }
            .map { "G2: \(entries[0].consumer) handled \($0.key) \($0.value) times" }
    }

    /// G2: and not never, unless it is a dead letter or behind one.
    private func lost(
        _ consumer: String, handled: [Entry], parked: [Parked], logs: [String: [LoggedEvent]]
    ) -> [String] {
        let done = Set(
            handled.map { "\($0.log) \($0.position)" }
                + parked.map { "\($0.log) \($0.position)" })
        return logs.sorted { $0.key < $1.key }.flatMap { log, events in
            events.filter { event in
                simulation.registry.entry(of: event.envelope.type)?.consumers.contains(consumer)
                    ?? false
            }.filter { !done.contains("\(log) \($0.position)") }
                .map { "G2: \(consumer) never handled \(log) \($0.position)" }
        }
    }

    /// G3: those of one key in the order of their commits.
    private func disordered(_ entries: [Entry], logs: [String: [LoggedEvent]]) -> [String] {
        var keys: [String: String] = [:]
        for (log, events) in logs {
            for event in events { keys["\(log) \(event.position)"] = event.envelope.key }
        }
        var last: [String: Int64] = [:]
        var violations: [String] = []
        for entry in entries {
            let key = "\(entry.log) \(keys["\(entry.log) \(entry.position)"] ?? "?")"
            if let before = last[key], before > entry.position {
                violations.append(
                    "G3: \(entry.consumer) handled \(entry.log) \(entry.position)"
                        + " after \(before) of the same key")
            }
            last[key] = entry.position
        }
        return violations
    }

    /// G5: the first parked event of a key is a dead letter that was tried, the others wait.
    private func wronglyParked(_ parked: [Parked]) -> [String] {
        let sequences = Dictionary(grouping: parked) { "\($0.log) \($0.key)" }
        return sequences.sorted { $0.key < $1.key }.flatMap { name, sequence -> [String] in
            let sequence = sequence.sorted { $0.position < $1.position }
            var violations: [String] = []
            if let first = sequence.first, first.state != "dead" {
                violations.append("G5: \(first.consumer) has \(name) parked and not dead")
            }
            if let first = sequence.first, first.error == nil || first.attempts == 0 {
                violations.append("G5: \(first.consumer) gave \(name) up untried")
            }
            for later in sequence.dropFirst() where later.state == "retrying" {
                violations.append(
                    "G5: \(later.consumer) has \(name) \(later.position) out of turn")
            }
            return violations
        }
    }
}

// MARK: - Rest

extension Checker {
    /// Whether nothing is left that happens by itself.
    func isAtRest() throws -> Bool { try unrest().isEmpty }

    /// What is still to happen; empty at rest. Counts only: this is asked often.
    func unrest() throws -> String {
        var published: [EventType: Int] = [:]
        for disk in simulation.disks.values {
            try disk.read { transaction in
                for row in try transaction.rows(
                    "SELECT type, COUNT(*) AS n FROM outbox_events GROUP BY type")
                {
                    published[try row.get("type"), default: 0] += try row.get("n", as: Int.self)
                }
            }
        }
        var unrest: [String] = []
        for (module, disk) in simulation.disks.sorted(by: { $0.key < $1.key }) {
            let due = try disk.read { try self.due(in: $0) }
            let done = try disk.read { try self.done(in: $0) }
            if due > 0 { unrest.append("\(module) has \(due) to do") }
            for consumer in simulation.registry.consumers(of: module) {
                let heard = published.reduce(0) { sum, entry in
                    let known = simulation.registry.entry(of: entry.key)
                    return sum + (known?.consumers.contains(consumer) == true ? entry.value : 0)
                }
                let open = heard - done[consumer, default: 0]
                if open > 0 { unrest.append("\(consumer) has \(open) to handle") }
            }
        }
        return unrest.joined(separator: ", ")
    }

    private func due(in transaction: Transaction) throws -> Int {
        try transaction.first(
            """
            SELECT (SELECT COUNT(*) FROM outbox_scheduled) +
                (SELECT COUNT(*) FROM inbox_parked WHERE state = 'retrying') +
                (SELECT COUNT(*) FROM inbox_replays WHERE ended_at IS NULL) AS n
            """)?.get("n") ?? 0
    }

    private func done(in transaction: Transaction) throws -> [String: Int] {
        let rows = try transaction.rows(
            """
            SELECT consumer, COUNT(*) AS n FROM (
                SELECT consumer, log, position FROM simulation_record WHERE outcome <> 'replay'
                UNION SELECT consumer, log, position FROM inbox_parked
            ) AS done GROUP BY consumer
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (try $0.get("consumer", as: String.self), try $0.get("n", as: Int.self))
            })
    }
}

// MARK: - What lies on the disks

extension Checker {
    func logs() throws -> [String: [LoggedEvent]] {
        try simulation.disks.mapValues { try events(of: $0) }
    }

    func events(of disk: SimulatedDisk) throws -> [LoggedEvent] {
        try disk.read { try OutboxLog.all(of: disk.module, in: $0) }
    }

    private func entries(of disk: SimulatedDisk) throws -> [Entry] {
        try disk.read { transaction in
            try transaction.rows(
                "SELECT consumer, log, position, outcome FROM simulation_record ORDER BY number"
            ).map {
                Entry(
                    consumer: try $0.get("consumer"), log: try $0.get("log"),
                    position: try $0.get("position"),
                    isReplay: try $0.get("outcome", as: String.self) == "replay")
            }
        }
    }

    private func parked(on disk: SimulatedDisk) throws -> [Parked] {
        try disk.read { transaction in
            try transaction.rows(
                "SELECT consumer, log, position, key, state, attempts, error FROM inbox_parked"
            ).map {
                Parked(
                    consumer: try $0.get("consumer"), log: try $0.get("log"),
                    position: try $0.get("position"), key: try $0.get("key"),
                    state: try $0.get("state"), attempts: try $0.get("attempts"),
                    error: try $0.get("error"))
            }
        }
    }
}
