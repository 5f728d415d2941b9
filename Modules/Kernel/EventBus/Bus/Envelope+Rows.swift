import Events
import Storage

extension Envelope {
    /// The columns of an envelope, in the order of ``columnValues``.
    static let columns: SQL = """
        event_id, type, topic, key, time, correlation_id, causation_id, caused_in, request_id,
        traceparent, transaction_id, data
        """

    var columnValues: SQL {
        """
        \(id), \(type), \(topic), \(key), \(time), \(cause.correlationID), \(cause.causationID),
        \(cause.consumer), \(cause.requestID), \(cause.traceparent), \(cause.transactionID),
        \(JSON(data))
        """
    }

    /// Reads an envelope from a row of what was published to `log`.
    init(_ row: Row, log: String) throws {
        self.init(
            id: try row.get("event_id"),
            type: try row.get("type"),
            source: LogName.source(of: log),
            topic: try row.get("topic"),
            key: try row.get("key"),
            time: try row.get("time"),
            data: try row.get("data", as: JSON.self).data,
            cause: Cause(
                correlationID: try row.get("correlation_id"),
                causationID: try row.get("causation_id"),
                consumer: try row.get("caused_in"),
                requestID: try row.get("request_id"),
                traceparent: try row.get("traceparent"),
                transactionID: try row.get("transaction_id")))
    }
}

extension LoggedEvent {
    init(_ row: Row, log: String) throws {
        self.init(
            log: log, position: try row.get("position"), envelope: try Envelope(row, log: log))
    }
}

/// The names of logs: a module's own, or of what others than our modules publish.
package enum LogName {
    /// What a publisher that keeps no log of ours sent to a partition counts by the order in which
    /// it lies there.
    package static func foreign(source: String, stream: String) -> String {
        "\(stream)\(separator)\(source)"
    }

    /// What a module publishes after its log went back counts so, too, under a name of its own.
    static func reset(source: String, stream: String) -> String {
        "\(stream)\(resetMark)\(separator)\(source)"
    }

    /// CloudEvents `source` of what lies in a log.
    package static func source(of log: String) -> String {
        // By bytes: each event that is read comes by here.
        guard let mark = log.utf8.firstIndex(of: UInt8(ascii: separator)) else {
            return Outbox.source(of: log)
        }
        return String(log[log.utf8.index(after: mark)...])
    }

    /// The module whose log it is that an event of this source comes from; `nil` when it is none
    /// of ours.
    package static func module(ofSource source: String) -> String? {
        let prefix = Outbox.source(of: "")
        guard source.hasPrefix(prefix) else { return nil }
        let module = source.dropFirst(prefix.count)
        return module.isEmpty || module.contains { $0 == "/" || $0 == Character(separator) }
            ? nil : String(module)
    }

    /// No topic and no partition has one of these in its name.
    private static let separator: Unicode.Scalar = "|"
    private static let resetMark: Character = "@"
}
