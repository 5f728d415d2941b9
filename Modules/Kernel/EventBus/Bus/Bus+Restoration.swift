import Events
import Logging
import Storage

extension Bus {
    /// Looks whether a log is older than what its consumers have taken of it, as after its database
    /// was restored from a backup, and lets its positions go on above theirs.
    ///
    /// Without that the next events would get the positions of lost ones, and consumers would take
    /// them for those. Called before anything is published.
    ///
    /// - Throws: `StorageError`.
    public func mendRestoredLogs() async throws {
        for (module, member) in members.sorted(by: { $0.key < $1.key }) {
            var taken: Int64 = 0
            for consumer in consumers {
                taken = max(taken, try await consumer.highestMark(in: module))
            }
            guard try await member.log.skip(past: taken) else { continue }
            environment.logger(module: module).warning(
                "the log is older than what consumers have taken of it; positions go on above",
                metadata: ["position": "\(taken)"])
        }
    }
}

extension Consumer {
    /// The highest position of a log that this consumer knows of.
    fileprivate func highestMark(in log: String) async throws -> Int64 {
        try await read { inbox in
            let cursor = try inbox.cursor(of: log) ?? 0
            var highest = cursor
            // An effect consumer may be ahead of its stored place.
            for table: SQL in ["inbox_handled", "inbox_parked"] {
                let position = try inbox.transaction.first(
                    """
                    SELECT MAX(position) AS position FROM \(table)
                    WHERE consumer = \(inbox.consumer) AND log = \(log)
                    """)?.get("position", as: Int64?.self)
                highest = max(highest, position ?? 0)
            }
            return highest
        }
    }
}
