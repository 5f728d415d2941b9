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
            // An effect consumer may be ahead of its stored place.
            max(try inbox.cursor(of: log) ?? 0, try inbox.furthest(in: log))
        }
    }
}
