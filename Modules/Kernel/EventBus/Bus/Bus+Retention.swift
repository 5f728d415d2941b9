import Events
package import Foundation
import Logging
import Storage

/// Drops what every consumer has taken and nobody needs to hear again.
extension Bus {
    /// Events dropped in one transaction: the writer is not held long.
    private static var rangeCountMax: Int { 1_000 }

    func sweepRegularly() async {
        let interval = min(max(environment.settings.retention / 100, .seconds(1)), .seconds(3_600))
        while !Task.isCancelled {
            for (module, member) in members.sorted(by: { $0.key < $1.key }) {
                do {
                    try await sweep(member)
                } catch {
                    if Task.isCancelled { return }
                    environment.logger(module: module).warning("retention failed", error: error)
                }
            }
            try? await environment.clock.sleep(for: interval)
        }
    }

    /// Drops ranges of old events from every log, and the records of their handling.
    package func sweep() async throws {
        for (_, member) in members.sorted(by: { $0.key < $1.key }) { try await sweep(member) }
    }

    private func sweep(_ member: Member) async throws {
        let end = environment.now() - environment.settings.retention.seconds
        if let readers = try await notePlaces(in: member.log) {
            while try await member.log.drop(
                takenBy: readers, before: end, countMax: Self.rangeCountMax)
            {}
        }
        try await member.log.ensurePartitions(at: environment.now())
        while try await member.intake.drop(before: end, countMax: Self.rangeCountMax) {}
        for consumer in member.consumers {
            while try await consumer.dropRecords(before: end, countMax: Self.rangeCountMax) {}
        }
    }

    /// Writes down beside a log how far each of its readers is, and tells who they are; `nil` when
    /// one of them has never been seen and wants everything.
    ///
    /// Consumers that run elsewhere or not at all have their last known place there, and those
    /// that have never been seen hold everything, unless they begin with what comes.
    private func notePlaces(in log: OutboxLog) async throws -> [String]? {
        // A broker's relay notes its own place with every batch.
        if let reader = transport.reader { return [reader] }
        for consumer in consumers where try await consumer.hears(stream: log.module) {
            guard let place = try await consumer.storedPlace(in: log.module) else { continue }
            try await log.note(consumer.name, at: place, now: environment.now())
        }
        let seen = Set(try await log.readers().map(\.name))
        var readers = [shadow?.reader].compactMap(\.self)
        for (consumer, start) in registry.hearers(of: log.module) {
            switch (seen.contains(consumer), start) {
            case (true, _): readers.append(consumer)
            case (false, .beginning): return nil
            case (false, .now): break
            }
        }
        return readers
    }
}

extension OutboxLog {
    /// Drops the oldest events that are taken and were published before a time, a range of them;
    /// `false` when there is none: on SQLite up to so many, on PostgreSQL a partition.
    ///
    /// The newest event stays in any case, so that the log's head is known.
    ///
    /// - Parameter readers: those whose places count, as they are in the transaction that drops:
    ///   one may go back at any time.
    package func drop(
        takenBy readers: [String], before time: Date, countMax: Int
    ) async throws -> Bool {
        switch database.dialect {
        case .sqlite:
            try await dropRange(takenBy: readers, before: time, countMax: countMax)
        case .postgresql:
            try await dropPartition(takenBy: readers, before: time)
        }
    }

    private func dropRange(
        takenBy readers: [String], before time: Date, countMax: Int
    ) async throws -> Bool {
        let end = try await database.read { transaction -> Int64? in
            let oldest = try transaction.rows(
                """
                SELECT position, time FROM outbox_events
                WHERE position < (SELECT MAX(position) FROM outbox_events)
                ORDER BY position LIMIT \(countMax)
                """)
            return try oldest.prefix { try $0.get("time", as: Date.self) < time }
                .last?.get("position")
        }
        guard let end else { return false }
        return try await database.write { transaction in
            var last = end
            for reader in readers {
                let place = try transaction.first(
                    "SELECT position FROM outbox_readers WHERE reader = \(reader)")
                last = min(last, try place?.get("position") ?? 0)
            }
            let count = try transaction.rowsChanged(
                by: "DELETE FROM outbox_events WHERE position <= \(last)")
            guard count > 0 else { return false }
            try transaction.execute(
                """
                UPDATE outbox_retention SET dropped_to = \(last) WHERE dropped_to < \(last)
                """)
            return true
        }
    }
}

extension Consumer {
    /// Drops the oldest records of handled events, up to so many a log; `false` when there are
    /// none. The marks by key stay: they are the memory that never expires.
    func dropRecords(before time: Date, countMax: Int) async throws -> Bool {
        let ends = try await read { inbox -> [(log: String, position: Int64)] in
            try Self.recordedLogs(inbox).compactMap { log in
                let oldest = try inbox.transaction.rows(
                    """
                    SELECT position, handled_at FROM inbox_handled
                    WHERE consumer = \(inbox.consumer) AND log = \(log)
                    ORDER BY position LIMIT \(countMax)
                    """)
                return try oldest.prefix { try $0.get("handled_at", as: Date.self) < time }
                    .last.map { (log, try $0.get("position")) }
            }
        }
        guard !ends.isEmpty else { return false }
        let name = name
        try await database.write { transaction in
            for (log, position) in ends {
                try transaction.execute(
                    """
                    DELETE FROM inbox_handled WHERE consumer = \(name) AND log = \(log)
                        AND position <= \(position)
                    """)
            }
        }
        return true
    }

    /// The logs of which there are records, each found by one seek: there are few logs and many
    /// records.
    private static func recordedLogs(_ inbox: Inbox) throws -> [String] {
        var logs: [String] = []
        while let next = try inbox.transaction.first(
            """
            SELECT MIN(log) AS log FROM inbox_handled
            WHERE consumer = \(inbox.consumer) AND log > \(logs.last ?? "")
            """)?.get("log", as: String?.self)
        { logs.append(next) }
        return logs
    }
}
