import Events
import Foundation
import Logging
import Storage

/// Drops what every consumer has taken and nobody needs to hear again.
extension Bus {
    /// Events dropped in one transaction: the writer is not held long.
    private static var rangeCountMax: Int { 1_000 }

    func sweepRegularly() async {
        let interval = min(max(environment.settings.retention / 100, .seconds(1)), .seconds(3_600))
        while !Task.isCancelled {
            do {
                try await sweep()
            } catch {
                if Task.isCancelled { return }
                environment.logger(module: "bus").warning("retention failed", error: error)
            }
            try? await environment.clock.sleep(for: interval)
        }
    }

    /// Drops ranges of old events from every log, and the records of their handling.
    package func sweep() async throws {
        for (_, member) in members.sorted(by: { $0.key < $1.key }) {
            let end = environment.now() - environment.settings.retention.seconds
            let taken = try await notePlaces(in: member.log)
            while try await member.log.dropRange(
                upTo: taken, before: end, countMax: Self.rangeCountMax)
            {}
            for consumer in member.consumers {
                while try await consumer.dropRecords(before: end, countMax: Self.rangeCountMax) {}
            }
        }
    }

    /// Writes down beside a log how far each of its readers is, and tells what all have taken.
    ///
    /// Consumers that run elsewhere or not at all have their last known place there, and those
    /// that have never been seen hold everything, unless they begin with what comes.
    private func notePlaces(in log: OutboxLog) async throws -> Int64 {
        if let reader = transport.reader {
            // A broker's relay notes its own place with every batch.
            return try await log.readers().first { $0.name == reader }?.position ?? 0
        }
        for consumer in consumers where await consumer.hears(stream: log.module) {
            guard let place = try await consumer.storedPlace(in: log.module) else { continue }
            try await log.note(consumer.name, at: place, now: environment.now())
        }
        let places = Dictionary(
            uniqueKeysWithValues: try await log.readers().map { ($0.name, $0.position) })
        var taken = Int64.max
        for (consumer, start) in registry.hearers(of: log.module) {
            switch (places[consumer], start) {
            case (let place?, _): taken = min(taken, place)
            case (nil, .beginning): return 0
            case (nil, .now): break
            }
        }
        return taken
    }
}

extension OutboxLog {
    /// Drops the oldest events, up to so many, that are taken and were published before a time;
    /// `false` when there are none.
    ///
    /// The newest event stays in any case, so that the log's head is known.
    func dropRange(
        upTo taken: Int64, before time: Date, countMax: Int
    ) async throws -> Bool {
        let end = try await database.read { transaction -> Int64? in
            let oldest = try transaction.rows(
                """
                SELECT position, time FROM outbox_events
                WHERE position <= \(taken)
                    AND position < (SELECT MAX(position) FROM outbox_events)
                ORDER BY position LIMIT \(countMax)
                """)
            return try oldest.prefix { try $0.get("time", as: Date.self) < time }
                .last?.get("position")
        }
        guard let end else { return false }
        try await database.write { transaction in
            try transaction.execute("DELETE FROM outbox_events WHERE position <= \(end)")
            try transaction.execute("UPDATE outbox_retention SET dropped_to = \(end)")
        }
        return true
    }
}

extension Consumer {
    /// Drops the oldest records of handled events, up to so many a log; `false` when there are
    /// none. The marks by key stay: they are the memory that never expires.
    func dropRecords(before time: Date, countMax: Int) async throws -> Bool {
        let ends = try await read { inbox -> [(log: String, position: Int64)] in
            let logs = try inbox.transaction.rows(
                "SELECT DISTINCT log FROM inbox_marks WHERE consumer = \(inbox.consumer)")
            return try logs.compactMap { row in
                let log = try row.get("log", as: String.self)
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
}
