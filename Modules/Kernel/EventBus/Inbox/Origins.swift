import Events
import Foundation
import Storage

/// Says which log counts the position of what a stream brings, and notices when a module's log
/// went back, as after its database was restored from a backup: it gives positions out again that
/// other events had, and consumers would take the new events for those.
///
/// Among what a stream holds of a log, positions grow: what comes again is known by its id. So an
/// event that is not known and not above the last one is either so old that retention has dropped
/// it here, or its log went back. From then on what that log publishes counts by the order in
/// which it lies in the stream.
struct Origins {
    private let stream: String
    private let transaction: Transaction
    private var lasts: [String: (log: String, position: Int64)] = [:]
    /// When the oldest event was received that the stream holds.
    private var memory: Date?
    /// The modules whose logs turned out to have gone back.
    private(set) var reset: Set<String> = []

    init(of stream: String, in transaction: Transaction) {
        self.stream = stream
        self.transaction = transaction
    }

    /// The log that counts an event's position; `nil` when all consumers have taken the event so
    /// long ago that nobody remembers it.
    ///
    /// - Parameter count: its place in the stream.
    mutating func origin(
        of item: ReceivedPiece.Item, at count: Int64
    ) throws -> (log: String, position: Int64)? {
        let source = item.envelope.source
        guard let position = item.position, let module = LogName.module(ofSource: source) else {
            return (LogName.foreign(source: source, stream: stream), count)
        }
        let anew = LogName.reset(source: source, stream: stream)
        var origin = (log: module, position: position)
        if let last = try lasts[module] ?? last(of: [module, anew]),
            last.log == anew || position <= last.position
        {
            guard try item.envelope.time > beginningOfMemory() else { return nil }
            if last.log != anew { reset.insert(module) }
            origin = (anew, count)
        }
        lasts[module] = origin
        return origin
    }

    private func last(of logs: [String]) throws -> (log: String, position: Int64)? {
        try transaction.first(
            """
            SELECT log, log_position FROM inbox_events
            WHERE stream = \(stream) AND log IN (\(logs[0]), \(logs[1]))
            ORDER BY position DESC LIMIT 1
            """
        ).map { (try $0.get("log"), try $0.get("log_position")) }
    }

    /// What was published later than this, and is not there, never was.
    private mutating func beginningOfMemory() throws -> Date {
        if let memory { return memory }
        let oldest = try transaction.first(
            """
            SELECT received_at FROM inbox_events WHERE stream = \(stream)
            ORDER BY position LIMIT 1
            """)?.get("received_at", as: Date.self)
        memory = oldest ?? .distantPast
        return oldest ?? .distantPast
    }
}
