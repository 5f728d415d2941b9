import Events
import Logging
import Storage

extension Bus {
    /// Looks whether a log is older than what consumers have taken of it, as after its database was
    /// restored from a backup, and lets its positions go on above theirs.
    ///
    /// Without that the next events would get the positions of lost ones, and consumers would take
    /// them for those. Called before anything is published, by a command as by a server: it asks
    /// all consumers of the process's databases, whether or not the process runs them.
    ///
    /// - Throws: `StorageError`.
    public func mendRestoredLogs() async throws {
        for (module, member) in members.sorted(by: { $0.key < $1.key }) {
            var taken: Int64 = 0
            for reader in members.values {
                taken = max(taken, try await reader.database.highestPosition(takenOf: module))
            }
            guard try await member.log.skip(past: taken) else { continue }
            environment.logger(module: module).warning(
                "the log is older than what consumers have taken of it; positions go on above",
                metadata: ["position": "\(taken)"])
        }
    }
}

extension Database {
    /// The highest position of a log that a consumer knows of whose memory is in this database.
    fileprivate func highestPosition(takenOf log: String) async throws -> Int64 {
        try await read { transaction in
            let consumers = try transaction.rows("SELECT DISTINCT consumer FROM inbox_cursors")
            return try consumers.reduce(0) { highest, row in
                let inbox = Inbox(consumer: try row.get("consumer"), transaction: transaction)
                // An effect consumer may be ahead of its stored place.
                return max(highest, try inbox.cursor(of: log) ?? 0, try inbox.furthest(in: log))
            }
        }
    }
}
